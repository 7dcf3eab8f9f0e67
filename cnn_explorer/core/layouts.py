"""The same kernel tensor in each framework's axis order, and the index of one map's kernels."""

from dataclasses import dataclass

from cnn_explorer.core.activations import Array


@dataclass(frozen=True)
class Layout:
    """How a framework stores the kernels of a convolution layer.

    Parameters
    ----------
    label
        Name on screen.
    axes
        The axes in order, as written; two where the kernels are the columns of a matrix.
    order
        Where the four axes come from in (out, in, kh, kw), before a matrix joins three of them.
    variable
        What code calls layer n's tensor, with ``{n}``, from 1, and ``{i}``, from 0.
    dense
        The same for a dense layer.
    norm
        What the weights and biases of a batch normalisation are called.
    """

    label: str
    axes: tuple[str, ...]
    order: tuple[int, ...]
    variable: str
    dense: str
    norm: str

    @property
    def axes_text(self) -> str:
        """The axes in brackets: ``[kh, kw, in, out]``."""
        return f"[{', '.join(self.axes)}]"

    @property
    def out_axis(self) -> int:
        """Which axis counts the filters."""
        return self.axes.index("out")

    def convert(self, weight: Array) -> Array:
        """The kernels in this layout.

        Parameters
        ----------
        weight
            float32, shape (out, in, kh, kw).

        Returns
        -------
        ndarray
            float32, the same values with the axes of this layout.
        """
        ordered = weight.transpose(self.order)
        return ordered if len(self.axes) == 4 else ordered.reshape(-1, weight.shape[0])

    def shape(
        self, kernel_shape: tuple[int, int, int, int], *, dense: bool = False
    ) -> tuple[int, ...]:
        """Shape in this layout of kernels of shape (kh, kw, in, out), or of a dense layer's."""
        kh, kw, channels, out = kernel_shape
        if dense:
            return (out, channels) if self.out_axis == 0 else (channels, out)
        if len(self.axes) == 2:
            return kh * kw * channels, out
        lengths = (out, channels, kh, kw)
        return tuple(lengths[axis] for axis in self.order)

    def index(self, layer: int, filter_: int, *, dense: bool = False) -> str:
        """Code that selects the kernels of one filter.

        Parameters
        ----------
        layer
            Place of the layer among those of its kind, from 0.
        filter_
            Index of the filter, from 0.
        dense
            Whether it is a dense layer's.
        """
        if dense:
            name = self.dense.format(n=layer + 1, i=layer)
            return f"{name}[{filter_}, :]" if self.out_axis == 0 else f"{name}[:, {filter_}]"
        parts = [str(filter_) if axis == "out" else ":" for axis in self.axes]
        return f"{self.variable.format(n=layer + 1, i=layer)}[{', '.join(parts)}]"


LAYOUTS: dict[str, Layout] = {
    "keras": Layout(
        "Keras / TensorFlow",
        ("kh", "kw", "in", "out"),
        (2, 3, 1, 0),
        "conv{n}.kernel",
        "dense{n}.kernel",
        "gamma, beta",
    ),
    "pytorch": Layout(
        "PyTorch / ONNX",
        ("out", "in", "kh", "kw"),
        (0, 1, 2, 3),
        "conv{n}.weight",
        "linear{n}.weight",
        "weight, bias",
    ),
    "flax": Layout(
        "JAX / Flax",
        ("kh", "kw", "in", "out"),
        (2, 3, 1, 0),
        'params["Conv_{i}"]["kernel"]',
        'params["Dense_{i}"]["kernel"]',
        "scale, bias",
    ),
    "im2col": Layout(
        "im2col matrix",
        ("kh·kw·in", "out"),
        (2, 3, 1, 0),
        "conv{n}_matrix",
        "linear{n}_matrix",
        "γ, β",
    ),
}
