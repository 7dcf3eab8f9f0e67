"""The equation of one map, with the layers' names."""

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.making import Making
from cnn_explorer.core.schemes import ChannelScheme, address_text
from cnn_explorer.core.sentences import bias_name, subscript


def equation(making: Making) -> str:
    """How a map is made: “Conv2[1] = ReLU( b₂[1] + Σᵢ Conv1[i] * W₂[:, :, i, 1] )”.

    Kernels are indexed as Keras does; a flat one is K, or where it is a mean, W with a bar. The
    asterisk on screen is the operator's.
    """
    address, layer, channels = making.address, making.layer, making.channels
    naive = making.state.scheme is ChannelScheme.NAIVE
    index, total = "0", ""
    if len(address) == 1:
        source = "drawing"
    else:
        number = address_text(address[:-1]) if naive else str(channels[0])
        if len(channels) > 1:
            first, last = channels[0], channels[-1]
            # Of the second group on, kernels are counted from 0 again.
            index, total = "i", "Σᵢ "
            if first:
                index, total = f"i − {first}", f"Σᵢ₌{subscript(first)}…{subscript(last)} "
            number = "i"
        source = f"Conv{len(address) - 1}[{number}]"
    if making.state.scheme is ChannelScheme.SHARED:
        index = "0"
    kernel = f"{_kernel(making)}[:, :, {index}, {address[-1]}]"
    bias = "" if layer.bias is None else f"{bias_name(address)} + "
    body = f"{bias}{total}{source} \N{ASTERISK OPERATOR} {kernel}"
    if layer.activation != "none":
        body = f"{ACTIVATIONS[layer.activation].label}( {body} )"
    return f"Conv{len(address)}[{address_text(address) if naive else address[-1]}] = {body}"


def note(making: Making) -> str:
    """What the equation does not say: what a flat kernel is, and how much is muted."""
    layer, count, scheme = making.layer, len(making.channels), making.state.scheme
    if layer.depth > 1 and scheme is not ChannelScheme.REAL:
        what = "sum" if scheme is ChannelScheme.NAIVE else "mean"
        name = _kernel(making)
        said = f"{name} is the {what} of filter {making.address[-1]}'s {layer.depth} kernels."
    elif len(making.address) == 1:
        said = "The drawing is one map, so there is one term."
    else:
        said = ""
    muted = int(making.muted.sum())
    return f"{said} {muted} of {count} muted.".strip() if muted else said


def _kernel(making: Making) -> str:
    """“W₂”, or what a flat kernel is called."""
    names = {ChannelScheme.SHARED: "W\N{COMBINING MACRON}", ChannelScheme.NAIVE: "K"}
    flat = making.layer.depth > 1
    name = names.get(making.state.scheme, "W") if flat else "W"
    return name + subscript(len(making.address))
