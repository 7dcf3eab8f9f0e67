#!/bin/sh
# Makes .venv with the locked dependencies and the project itself (editable), and looks after the
# system packages that a bare Debian or Ubuntu lacks. Done once; then it costs a few milliseconds.
set -eu
cd "$(dirname "$0")/.."

# What the stamp says must be true for .venv to be used as it is.
stamp=.venv/cnn-explorer-stamp
state="$PWD $(cat requirements.lock pyproject.toml packaging/setup.sh | cksum)"
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }

# The first Python of 3.11 or later; PYTHON=… chooses another.
find_python() {
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

# Qt's libraries, each with its Debian package: without a window, then for X11, then for Wayland.
libraries="
libglib-2.0.so.0        libglib2.0-0
libGL.so.1              libgl1
libEGL.so.1             libegl1
libxkbcommon.so.0       libxkbcommon0
libfontconfig.so.1      libfontconfig1
libdbus-1.so.3          libdbus-1-3
libxkbcommon-x11.so.0   libxkbcommon-x11-0
libxcb-cursor.so.0      libxcb-cursor0
libxcb-icccm.so.4       libxcb-icccm4
libxcb-keysyms.so.1     libxcb-keysyms1
libxcb-shape.so.0       libxcb-shape0
libwayland-cursor.so.0  libwayland-cursor0
libwayland-egl.so.1     libwayland-egl1
"

# Prints the packages of the libraries that the linker does not know.
missing_libraries() {
    known=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null) || return 0
    printf '%s' "$libraries" | while read -r library package; do
        case "$known" in
            *"$library "*) ;;
            *) [ -z "$library" ] || echo "$package" ;;
        esac
    done
}

# Prints every Debian package that is missing.
missing_packages() {
    if ! find_python; then
        # A python3 that is too old cannot be mended by a package of the same system.
        command -v python3 >/dev/null || echo python3 python3-venv
    elif ! "$python" -c 'import ensurepip' 2>/dev/null; then
        echo "${python##*/}-venv"
    fi
    missing_libraries
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || echo fonts-dejavu-core
}

if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null; then
    packages=$(missing_packages | tr '\n' ' ')
    # Since Debian 13 and Ubuntu 24.04 some packages have t64 at the end of their names.
    if dpkg-query -W '*t64' >/dev/null 2>&1; then
        packages=$(printf '%s' "$packages" | sed 's/libglib2.0-0 /libglib2.0-0t64 /')
    fi
    if [ -n "$packages" ]; then
        install="apt-get install -y --no-install-recommends ${packages% }"
        if [ "$(id -u)" != 0 ]; then
            say "System packages are missing; this installs them:"
            say "  sudo apt-get update && sudo $install"
            exit 1
        fi
        say "Installing system packages: $packages"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        $install
    fi
elif [ "$(uname)" = Linux ]; then
    missing=$(missing_libraries | tr '\n' ' ')
    [ -z "$missing" ] || say "Qt may lack libraries that Debian has in the packages: $missing"
fi

if ! find_python; then
    say "CNN Explorer needs Python 3.11 or later, and found none: install one, or name it as PYTHON=…"
    exit 1
fi

.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
say "Installing the locked dependencies into .venv …"
pip install --quiet --only-binary :all: --require-hashes -r requirements.lock
pip install --quiet --no-deps --no-build-isolation --no-index --editable .
printf '%s\n' "$state" >"$stamp"
