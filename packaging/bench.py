"""Measure what the program costs: ``make bench``. Prints tables and writes bench.json.

The computation is timed beside PyTorch and ONNX Runtime where those are installed, which
``pip install --group bench`` does; the window beside a bare one. ``ARGS=core`` or ``ARGS=window``
runs one half. BENCHMARKS.md holds the last run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOT_THERE = "-"  # the framework is not installed

RATIOS = (
    # What, of which figures, and the aims for networks of 16-32 and more, in the order of NETWORKS.
    ("full pass / PyTorch", ("full", "torch full"), ("1.5", "1.5", "1.1", "1.1", "1.1")),
    ("full pass / ONNX Runtime", ("full", "onnxruntime full"), ()),
    ("point / fastest full pass of theirs", ("stroke", "theirs"), ("", "", "0.6", "0.25", "0.18")),
    ("point without the copies of all maps / the same", ("bare stroke", "theirs"), ()),
    ("one map's contributions / PyTorch", ("parts by product", "torch parts"), ()),
    ("one map's contributions / ONNX Runtime", ("parts by product", "onnxruntime parts"), ()),
)
SHARES = ("full", "products", "torch full", "onnxruntime full")


def main() -> int:
    """Run all measurements, print them, and keep them as JSON."""
    from bench_start import measure_start

    half = sys.argv[1] if len(sys.argv) > 1 else ""
    results: dict[str, Any] = {}
    if half != "window":
        results["core"] = _run("bench_core.py")
        _print_core(results["core"])
        results["reading 10,000 images with 8-16, one thread"] = _run("bench_reading.py")
    if half != "core":
        results["start"] = measure_start()
        results |= _run("bench_window.py")
        bare, ours = (_run("bench_window.py", kind)["resident"] for kind in ("bare", "program"))
        results["memory after strokes on 64-128-256"] = {
            "more than a bare window with scipy.signal, MB (aim ≤ 60)": ours - bare,
            "program, MB": ours,
            "bare window, MB": bare,
        }
    Path("bench.json").write_text(json.dumps(results, indent=1) + "\n")
    for title, values in results.items():
        if title != "core":
            print(f"\n{title}")
            for name, value in values.items():
                print(f"  {name:<58} {value:>10.2f}")
    return 0


def _run(script: str, *arguments: str) -> Any:
    """What a script prints, run in a process of its own."""
    environment = os.environ | {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    command = [sys.executable, str(HERE / script), *arguments]
    output = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=environment
    ).stdout
    return json.loads(output.splitlines()[-1])


def _print_core(core: dict[str, Any]) -> None:
    print("\n" + ", ".join(f"{name} {value}" for name, value in core["versions"].items()))
    for threads in ("1", "2"):
        networks = core[threads]
        for figures in networks.values():
            theirs = [figures[name] for name in SHARES[2:] if name in figures]
            figures["bare stroke"] = figures["stroke"] - figures["copies"]
            if theirs:
                figures["theirs"] = min(theirs)
        print(f"\ncomputation, {threads} thread{'s' * (threads > '1')}".ljust(58), end="")
        print("".join(f"{name:>16}" for name in networks))
        for title, (ours, other), aims in RATIOS:
            cells = [
                f"{figures[ours] / figures[other]:.2f}" if other in figures else NOT_THERE
                for figures in networks.values()
            ]
            if aims and threads == "1":
                pairs = zip(cells, aims, strict=True)
                cells = [
                    f"{cell} (≤ {aim})" if aim and cell != NOT_THERE else cell
                    for cell, aim in pairs
                ]
            _print_row(title, cells)
        for name in SHARES:
            key = f"share of peak, {name}"
            cells = [
                f"{100 * figures[key]:.0f} %" if key in figures else NOT_THERE
                for figures in networks.values()
            ]
            _print_row(key, cells)
        for name in dict.fromkeys(name for figures in networks.values() for name in figures):
            if not name.startswith("share"):
                cells = [
                    f"{figures[name]:.3f}" if name in figures else ""
                    for figures in networks.values()
                ]
                _print_row(f"{name}, ms" if "FLOP" not in name else name, cells)


def _print_row(title: str, cells: list[str]) -> None:
    print(f"  {title:<55}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
