"""Which of ONNX's published tests concern the program: all of a family, run or with a reason.

The tests are files of the package onnx: a model of one operator, most of them, and tensors that
go in and come out. A name that ends with “expanded” is the same function spelled out in smaller
operators, with the same tensors: the program's function runs on them once more.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, numpy_helper

from .adapter import COMPOSED, OPERATORS, Array, Node, inputs_of, padding_of, run

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
KINDS = ("node", "pytorch-converted", "pytorch-operator")
RELATIVE, ABSOLUTE = 1e-3, 1e-7  # the package's own tolerance, of all these tests

FAMILIES = {
    "convolution": {"Conv"},
    "pooling": {"MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool"},
    "activation": {
        *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "HardSigmoid", "HardSwish"),
        *("Mish", "Sigmoid", "Tanh", "Softplus", "Softsign", "Shrink", "ThresholdedRelu", "Swish"),
        *("Clip", "Softmax", "LogSoftmax"),
    },
    "normalisation": {"BatchNormalization"},
    "dense": {"Gemm", "MatMul", "Flatten"},
    "padding": {"Pad"},
}

# Operators of a family that the program does not have.
MISSING = {
    "ConvTranspose": ("convolution", "transposed"),
    "ConvInteger": ("convolution", "quantised"),
    "QLinearConv": ("convolution", "quantised"),
    "DeformConv": ("convolution", "deformable"),
    "CausalConvWithState": ("convolution", "1-D with a state"),
    "MaxUnpool": ("pooling", "unpooling"),
    "RoiAlign": ("pooling", "of regions (RoiAlign)"),
    "Hardmax": ("activation", "Hardmax"),
    "InstanceNormalization": ("normalisation", "layer, group, instance or local norm"),
    "LayerNormalization": ("normalisation", "layer, group, instance or local norm"),
    "GroupNormalization": ("normalisation", "layer, group, instance or local norm"),
    "RMSNormalization": ("normalisation", "layer, group, instance or local norm"),
    "MeanVarianceNormalization": ("normalisation", "layer, group, instance or local norm"),
    "LpNormalization": ("normalisation", "layer, group, instance or local norm"),
    "LRN": ("normalisation", "layer, group, instance or local norm"),
    "MatMulInteger": ("dense", "quantised"),
    "QLinearMatMul": ("dense", "quantised"),
    "CenterCropPad": ("padding", "cropping"),
}

DIMENSIONS = {3: "1-D", 5: "3-D"}
TYPES = {
    "MaxPool": {TensorProto.FLOAT, TensorProto.UINT8},
    "Pad": {TensorProto.FLOAT, TensorProto.INT32},
}


@dataclass(frozen=True)
class Case:
    """One published test.

    Parameters
    ----------
    folder
        Where its files are.
    """

    folder: Path

    @property
    def kind(self) -> str:
        return self.folder.parent.name

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def model(self) -> ModelProto:
        """Its model; of an expanded test that of the function."""
        base = re.sub(r"_expanded(_ver\d+)?$", "", self.name)
        return onnx.load(self.folder.with_name(base) / "model.onnx")

    @cached_property
    def operators(self) -> tuple[str, ...]:
        return tuple(node.op_type for node in self.model.graph.node)

    @property
    def expanded(self) -> bool:
        return "_expanded" in self.name

    @cached_property
    def family(self) -> str | None:
        """What the test is about, or None where that is none of the program's matters."""
        if self.operators in COMPOSED:
            return "activation"
        for operator in self.operators:
            for family, operators in FAMILIES.items():
                if operator in operators:
                    return family
            if operator in MISSING:
                return MISSING[operator][0]
        return None

    @cached_property
    def reason(self) -> str | None:
        """Why a test of a family is not run, or None where it is."""
        if self.operators in COMPOSED:
            return None
        for operator in self.operators:
            if operator in MISSING:
                return MISSING[operator][1]
        if "Split" in self.operators:
            return "GLU"  # half of the maps gate the others
        main = next(one for one in self.operators if one in OPERATORS)
        inputs = {one.name: one.type.tensor_type for one in self.model.graph.input}
        first = next(iter(inputs.values()))
        if first.elem_type not in TYPES.get(main, {TensorProto.FLOAT}):
            return f"type {TensorProto.DataType.Name(first.elem_type).lower()}"
        dimensions = len(first.shape.dim)
        # Where something else comes first, as in AvgPool1d, it adds the axis that is missing.
        if self.family in ("convolution", "pooling") and main == self.operators[0]:
            return DIMENSIONS.get(dimensions)
        if main == "BatchNormalization" and self._node(main).get("training_mode", 0):
            return "training mode"
        if main == "MatMul" and [len(one.shape.dim) for one in inputs.values()] != [2, 2]:
            return "not two matrices"
        return self._pads_other_axes() if main == "Pad" else None

    def _node(self, operator: str) -> Node:
        node = self.model.graph.node[self.operators.index(operator)]
        return Node(node, self.model.opset_import[0].version, "auto")

    def _pads_other_axes(self) -> str | None:
        given = inputs_of(self.model.graph, self.tensors("input"))
        x, pads, _, axes = [given.get(name) for name in ("x", "pads", "value", "axes")]
        if x is None:
            x = self.tensors("input")[0]
        widths = padding_of(self._node("Pad"), x, pads, axes)
        return "other axes, or cropping" if widths[:-2].any() or (widths < 0).any() else None

    def tensors(self, which: str, data_set: Path | None = None) -> list[Array]:
        """The inputs or outputs of a set of data, the first where none is named."""
        folder = data_set or self.folder / "test_data_set_0"
        found = sorted(folder.glob(f"{which}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
        return [numpy_helper.to_array(onnx.load_tensor(path)) for path in found]

    def check(self, method: str) -> None:
        """Hold the program against every set of data, as the package's own runner does."""
        data_sets = sorted(self.folder.glob("test_data_set_*"))
        assert data_sets
        for data_set in data_sets:
            expected = self.tensors("output", data_set)
            found = run(self.model, self.tensors("input", data_set), method)
            assert len(found) == len(expected) > 0
            for one, other in zip(found, expected, strict=True):
                assert one.dtype == other.dtype
                assert one.shape == other.shape
                np.testing.assert_allclose(one, other, rtol=RELATIVE, atol=ABSOLUTE)


@cache
def cases() -> tuple[Case, ...]:
    """All published tests of the families, in order."""
    found = [
        Case(path.parent) for kind in KINDS for path in sorted((DATA / kind).glob("*/model.onnx"))
    ]
    return tuple(case for case in found if case.family is not None)


@cache
def runs() -> tuple[tuple[Case, str], ...]:
    """What is run: a test, and how its convolutions are computed."""
    methods = {"convolution": ("signal", "matmul")}
    return tuple(
        (case, method)
        for case in cases()
        if case.reason is None
        for method in methods.get(str(case.family), ("auto",))
    )


def counts() -> dict[str, tuple[int, int, Counter[str]]]:
    """For each family: tests that run, how many of them are expanded, and reasons of the others."""
    result = {}
    for family in FAMILIES:
        own = [case for case in cases() if case.family == family]
        run_ = [case for case in own if case.reason is None]
        reasons = Counter(case.reason for case in own if case.reason is not None)
        result[family] = len(run_), sum(case.expanded for case in run_), reasons
    return result
