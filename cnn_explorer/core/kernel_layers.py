"""The layers that have kernels: convolutions, and dense layers, which are a case of them.

A layer is one frozen dataclass with its shape rule and its computation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.convolution import (
    Layout,
    Method,
    Window,
    convolve,
    layout_of,
    multiply_adds,
)
from cnn_explorer.core.geometry import Padding, PaddingMode, Taps, output_size, taps
from cnn_explorer.core.keeping import kept_with_layer
from cnn_explorer.core.layer import Layer, Mutes, Size


@dataclass(frozen=True, eq=False)
class Conv2d(Layer):
    """A convolution layer with its weights and the activation that follows it.

    Parameters
    ----------
    number
        The layer's own number. It never changes when layers move, so that its random kernels
        stay.
    weight
        Kernels, float32, shape (out, in / groups, kh, kw). Made read-only.
    bias
        float32, shape (out,), or None where the layer has none. Made read-only.
    stride, dilation
        (rows, columns).
    padding, padding_mode
        As in `cnn_explorer.core.convolution.conv2d`.
    groups
        Number of groups that input and output channels are divided into.
    activation
        A key of `cnn_explorer.core.activations.ACTIVATIONS`.
    activation_parameters
        What it takes beside the values; those that are left out have their defaults.
    initialisation
        Where kernels come from: a key of `cnn_explorer.core.kernels.INITIALISATIONS`.
    fan
        (in, out) channels that the layer was created with; they scale its random kernels, so
        that a later change of the channel counts leaves the kernels that stay as they are.
    muted
        bool, shape (out, in / groups): the contributions that are left out of their sums, or in
        Naive the maps that are made without their convolution. None where none is. Made read-only.

    Raises
    ------
    ValueError
        If the arrays' shapes or the groups do not fit each other, the activation is unknown, or
        its parameters are too many or out of their ranges.
    """

    kind: ClassVar[str] = "Conv"

    weight: Array
    bias: Array | None
    stride: tuple[int, int] = (1, 1)
    padding: Padding = "same"
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    activation: str = "relu"
    initialisation: str = "bank"
    fan: tuple[int, int] = (1, 1)
    muted: Mutes | None = None
    padding_mode: PaddingMode = "zeros"
    activation_parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.weight.ndim != 4 or 0 in self.weight.shape:
            raise ValueError(
                f"A weight has shape (out, in, kh, kw), none of them 0, not {self.weight.shape}."
            )
        if self.groups < 1 or self.out_channels % self.groups:
            raise ValueError(
                f"{self.out_channels} filters cannot be divided into {self.groups} groups; "
                "each group has as many as the others."
            )
        if self.bias is not None and self.bias.shape != (self.out_channels,):
            raise ValueError(
                f"The bias has shape {self.bias.shape}; {self.out_channels} filters "
                f"need ({self.out_channels},)."
            )
        if self.activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"There is no activation “{self.activation}”; choose from {known}.")
        ACTIVATIONS[self.activation].check(self.activation_parameters)
        shape = self.weight.shape[:2]
        if self.muted is not None and (self.muted.shape != shape or self.muted.dtype != bool):
            raise ValueError(
                f"The mutes have shape {self.muted.shape} and type {self.muted.dtype}; "
                f"the layer's kernels need {shape} and bool."
            )
        if self.muted is not None and not self.muted.any():
            object.__setattr__(self, "muted", None)
        for array in (self.weight, self.bias, self.muted):
            if array is not None:
                array.flags.writeable = False

    @property
    def in_channels(self) -> int:
        """Number of input maps."""
        return self.depth * self.groups

    @property
    def depth(self) -> int:
        """Number of input maps that one filter sees, which is its number of kernels."""
        return int(self.weight.shape[1])

    @property
    def out_channels(self) -> int:
        """Number of filters, which is the number of output maps where they are summed."""
        return int(self.weight.shape[0])

    @property
    def branches(self) -> int:
        """In Naive every filter makes a map of each input map."""
        return self.out_channels

    @property
    def parameters(self) -> tuple[int, int]:
        """How many weights, and how many biases, are learned."""
        return self.weight.size, 0 if self.bias is None else self.bias.size

    def bias_of(self, filter_: int) -> float | None:
        """A filter's bias, or None where the layer has none."""
        return None if self.bias is None else float(self.bias[filter_])

    @property
    def kernel_size(self) -> Size:
        """(kh, kw)."""
        return self.weight.shape[2], self.weight.shape[3]

    def unmuted(self, kernel: Array) -> Array:
        """Kernels, shape (out, in / groups, kh, kw), with zeros where a contribution is muted."""
        if self.muted is None:
            return kernel
        return np.where(self.muted[:, :, np.newaxis, np.newaxis], np.float32(0), kernel)

    def taps(self, size: Size) -> tuple[Taps, Taps]:
        """Which input pixels each output pixel is made from: the layer's reach, in both directions.

        Parameters
        ----------
        size
            (rows, columns) of an input map.

        Returns
        -------
        tuple of ndarray
            For rows, shape (output rows, kh), and for columns, shape (output columns, kw), as
            `cnn_explorer.core.geometry.taps` explains.
        """
        return taps(
            size,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            padding_mode=self.padding_mode,
            dilation=self.dilation,
        )

    def output_size(self, size: Size) -> Size:
        """Size of an output map.

        Parameters
        ----------
        size
            (rows, columns) of an input map.

        Returns
        -------
        tuple of int
            (rows, columns) of an output map.

        Raises
        ------
        ValueError
            If the kernel does not fit the padded input, or the padding its mode.
        """
        return output_size(
            size,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            padding_mode=self.padding_mode,
            dilation=self.dilation,
        )

    def multiply_adds(self, size: Size) -> int:
        """Multiply-adds of the layer on input maps of (rows, columns) `size`."""
        return multiply_adds(
            self.out_channels, self.depth, self.kernel_size, self.output_size(size)
        )

    def layout(self, size: Size) -> Layout:
        """Where the windows lie on input maps of (rows, columns) `size`."""
        return _layout(self, size)

    def before_activation(
        self,
        maps: Array,
        kernel: Array,
        bias: Array | None,
        *,
        groups: int,
        method: Method,
        checkpoint: Callable[[], None] | None = None,
        window: Window | None = None,
    ) -> Array:
        """Convolve with the layer's geometry and given kernels.

        Parameters
        ----------
        maps
            float32, shape (in, rows, columns).
        kernel
            float32, shape (out, in / groups, kh, kw): the layer's own weight in the Real scheme.
        bias
            float32, shape (out,), or None.
        groups
            Groups of this convolution.
        method, checkpoint
            As in `cnn_explorer.core.convolution.conv2d`.
        window
            The rows and columns that are wanted; None for all.

        Returns
        -------
        ndarray
            float32, shape (out, rows, columns): the sums with their bias.
        """
        layout = self.layout((maps.shape[1], maps.shape[2]))
        method = self.fitting_method(method, groups)
        return convolve(maps, kernel, bias, layout, groups, method, checkpoint, window)

    def fitting_method(self, method: Method, groups: int) -> Method:
        """How to compute what is asked for by some method: by that one."""
        return method

    def activate(self, maps: Array, *, in_place: bool = False) -> Array:
        """Apply the layer's activation to an array of any shape, which it may overwrite if told."""
        activation = ACTIVATIONS[self.activation]
        if in_place and activation.in_place is not None:
            return activation.in_place(maps)
        return activation.function(maps, *self.activation_parameters)


@kept_with_layer
def _layout(layer: Conv2d, size: Size) -> Layout:
    """Where the windows lie; to work it out takes as long as a small layer."""
    return layout_of(
        size,
        layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        padding_mode=layer.padding_mode,
        dilation=layer.dilation,
    )


@dataclass(frozen=True, eq=False)
class Linear(Conv2d):
    """A dense layer: on maps of one pixel it is a convolution with kernels of one cell."""

    kind: ClassVar[str] = "Linear"
    mixes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        steps = *self.kernel_size, *self.stride, *self.dilation, self.groups
        if set(steps) != {1} or (self.padding, self.padding_mode) != ("same", "zeros"):
            raise ValueError("A dense layer has one weight for each value and output, no windows.")

    def output_size(self, size: Size) -> Size:
        """One pixel; ValueError where the input maps have more."""
        if size != (1, 1):
            raise ValueError(
                f"it takes single values, but gets maps of {size[0]}×{size[1]}: put a Flatten or a "
                "GlobalAvgPool before it."
            )
        return size

    def fitting_method(self, method: Method, groups: int) -> Method:
        """Where all is summed, one matrix product.

        scipy.signal would take as long for one pixel as for hundreds.
        """
        return "matmul" if groups == 1 else method
