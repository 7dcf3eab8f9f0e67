"""What a map is, in words, and numbers as the screen prints them."""

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.network import layer_name
from cnn_explorer.core.schemes import Address, ChannelScheme, address_text
from cnn_explorer.core.state import State

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def map_title(state: State, address: Address) -> str:
    """Short name of a map: “Conv 2 · map 5”, or “Conv 2 · map 2.5” in Naive."""
    naive = state.scheme is ChannelScheme.NAIVE
    number = address_text(address) if naive else str(address[-1])
    return f"{layer_name(len(address) - 1)} · map {number}"


def map_sentence(state: State, address: Address) -> str:
    """What a map is, as one sentence.

    Parameters
    ----------
    state
        The document.
    address
        Path of filters to the map; only the last counts unless in Naive.
    """
    index = len(address) - 1
    layer = state.network.layers[index]
    filter_ = address[-1]
    source = "the drawing" if index == 0 else layer_name(index - 1)
    inputs = layer.weight.shape[1]
    if state.scheme is ChannelScheme.NAIVE:
        number = address_text(address)
        parent = "the drawing" if index == 0 else f"map {address_text(address[:-1])} of {source}"
        body = f"{parent} convolved with the flat kernel [:, :, 0, {filter_}]"
    else:
        number = str(filter_)
        if inputs == 1:
            one = source if index == 0 else f"the one map of {source}"
            body = f"{one} convolved with kernel [:, :, 0, {filter_}]"
        else:
            shared = state.scheme is ChannelScheme.SHARED
            kernel = "the shared kernel [:, :, 0" if shared else "its kernel [:, :, i"
            body = (
                f"the sum over the {inputs} maps of {source}, "
                f"each convolved with {kernel}, {filter_}]"
            )
    bias = "" if layer.bias is None else f", plus bias {signed(layer.bias[filter_])}"
    activation = "" if layer.activation == "none" else ACTIVATIONS[layer.activation].label + " of "
    return f"{layer_name(index)}, map {number}: {activation}{body}{bias}."


def signed(value: float) -> str:
    """A number to three decimals with a true minus sign: “−0.024”."""
    return f"{value:z.3f}".replace("-", "\N{MINUS SIGN}")


def short(value: float) -> str:
    """A number to three significant digits, for legends: “3.41”, “−0.02”, “1.2e+05”."""
    text = "0" if value == 0 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def compact(count: int) -> str:
    """A whole number with thousands separators, or as a power of ten from a million million on.

    Parameters
    ----------
    count
        Not negative, of any size.
    """
    if count < 10**12:
        return f"{count:,}".replace(",", "\N{THIN SPACE}")
    power = len(str(count)) - 1
    tenths = (count * 10 + 10**power // 2) // 10**power
    if tenths == 100:
        tenths, power = 10, power + 1
    return f"{tenths // 10}.{tenths % 10} × 10{str(power).translate(_SUPERSCRIPTS)}"
