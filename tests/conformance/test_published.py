"""The node tests of ONNX, with the package's tensors and the package's tolerance."""

import numpy as np
import onnx
import pytest

from . import adapter, suite
from .report import published, table
from .suite import Case, cases, counts, runs


@pytest.mark.parametrize(
    ("case", "method"),
    [pytest.param(case, method, id=f"{case.kind}-{case.name}-{method}") for case, method in runs()],
)
def test_agrees(case: Case, method: str) -> None:
    case.check(method)


def test_nothing_drops_out_silently() -> None:
    """How many of each family run, and how many do not."""
    found = {family: (run, sum(reasons.values())) for family, (run, _, reasons) in counts().items()}
    assert found == {
        "convolution": (18, 62),
        "pooling": (43, 29),
        "activation": (154, 15),
        "normalisation": (7, 115),
        "dense": (27, 15),
        "padding": (11, 12),
    }
    assert len(runs()) == 18 * 2 + 43 + 154 + 7 + 27 + 11
    assert onnx.__version__ == "1.22.0"  # the last that has the tests as files


def test_every_operator_that_is_translated_is_of_a_family_and_is_run() -> None:
    assert set(adapter.OPERATORS) == set().union(*suite.FAMILIES.values())
    used = {operator for case, _ in runs() for operator in case.operators}
    assert set(adapter.OPERATORS) | set(adapter.PLUMBING) <= used


def test_the_readme_has_the_table() -> None:
    assert published() == table()


def found(name: str) -> Case:
    (case,) = (case for case in cases() if case.name == name)
    return case


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("test_basic_conv_with_padding", "Conv"),
        ("test_maxpool_2d_uint8", "MaxPool"),
        ("test_gelu_default_1_expanded", "Gelu"),
        ("test_Softmin", None),
    ],
)
def test_a_wrong_result_is_found(
    name: str, operator: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pixel that is off by little more than what is allowed."""

    def off(function):
        def run(*arguments):
            result = function(*arguments).copy()
            result.flat[-1] += result.dtype.type(max(1e-2 * abs(float(result.flat[-1])), 1e-6))
            return result + (1 if result.dtype == np.uint8 else result.dtype.type(0))

        return run

    case = found(name)
    case.check("auto")
    if operator is None:
        function = adapter.COMPOSED[case.operators]
        monkeypatch.setitem(adapter.COMPOSED, case.operators, off(function))
    else:
        monkeypatch.setitem(adapter.OPERATORS, operator, off(adapter.OPERATORS[operator]))
    with pytest.raises(AssertionError):
        case.check("auto")


def test_an_expanded_test_has_its_own_tensors_and_the_model_of_its_function() -> None:
    case = found("test_celu_expanded")
    assert case.operators == ("Celu",)
    assert len(onnx.load(case.folder / "model.onnx").graph.node) > 1
    assert (case.folder / "test_data_set_0").is_dir()
    assert not case.reason
    assert case.family == "activation"
