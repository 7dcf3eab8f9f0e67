#!/usr/bin/env bash
# Checks that the program works however it was installed: editable, from the wheel, from the sdist.
# Each is tried from another working directory, and must find every file of resources/.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
sh packaging/setup.sh
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
export QT_QPA_PLATFORM=offscreen

# check NAME BIN: whether the program in the folder BIN works.
check() {
    local name=$1 bin=$2 folder="$temporary/$1 elsewhere"
    mkdir "$folder"
    cd "$folder"
    printf '%s: ' "$name"
    "$bin/cnn-explorer" --version
    "$bin/python" - "$root/resources" <<'PYTHON'
import sys
from pathlib import Path

from cnn_explorer.io.resources import resource

source = Path(sys.argv[1])
files = [path for path in source.rglob("*") if path.is_file()]
assert files, "resources/ is empty."
for path in files:
    found = resource(*path.relative_to(source).parts)
    assert found.read_bytes() == path.read_bytes(), f"{found} differs from {path}."
PYTHON
    "$bin/cnn-explorer" export --digit 7 --out maps --format npz
    [ -n "$(find maps -name '*.npz' -size +0)" ] || { echo "$name exported no maps." >&2; exit 1; }
    cd "$root"
}

check "editable" "$root/.venv/bin"

.venv/bin/python -m hatchling build -t sdist -t wheel -d "$temporary/packages"
if [ -e .git ]; then
    # The source package holds all that the repository does.
    git ls-files | sort >"$temporary/tracked"
    tar -tzf "$temporary"/packages/*.tar.gz | sed 's|^[^/]*/||' | sort >"$temporary/packed"
    missing=$(comm -23 "$temporary/tracked" "$temporary/packed")
    [ -z "$missing" ] || { printf 'The sdist lacks:\n%s\n' "$missing" >&2; exit 1; }
fi

# Exactly the locked versions, but only what the package itself asks for.
.venv/bin/python -m pip freeze --exclude-editable >"$temporary/versions"
python=$(readlink -f .venv/bin/python)
"$python" -m venv "$temporary/clean"
pip() { "$temporary/clean/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
pip install -c "$temporary/versions" "$temporary"/packages/*.whl
check "wheel" "$temporary/clean/bin"
"$temporary/clean/bin/cnn-explorer" self-test

pip install --force-reinstall --no-deps "$temporary"/packages/*.tar.gz
check "sdist" "$temporary/clean/bin"
