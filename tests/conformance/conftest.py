"""After a run of this folder: what was run, and what was not and why."""

import pytest

from .report import table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if "tests/conformance/" in report.nodeid and "test_agrees" in report.nodeid
    ]
    if reports:
        passed = sum(report.passed for report in reports)
        terminalreporter.section("the published tests of ONNX")
        terminalreporter.write(table())
        terminalreporter.write_line(f"{passed} of {len(reports)} computations agree.")
