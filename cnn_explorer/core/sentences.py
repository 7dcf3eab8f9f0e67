"""What a map is, in words, and numbers as the screen prints them."""

from collections.abc import Sequence

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.network import layer_name
from cnn_explorer.core.schemes import Address, ChannelScheme, address_text
from cnn_explorer.core.state import State

_MOST_LISTED = 6
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def map_title(state: State, address: Address) -> str:
    """Short name of a map: “Conv 2 · map 5”, or “Conv 2 · map 2.5” in Naive."""
    naive = state.scheme is ChannelScheme.NAIVE
    number = address_text(address) if naive else str(address[-1])
    return f"{layer_name(len(address) - 1)} · map {number}"


def map_sentence(state: State, address: Address) -> str:
    """What a map is, as one sentence: what is convolved, summed, added and activated.

    Mutes are a part of it: “the sum over 6 of the 8 maps of Conv 1 (0 and 3 are muted)”; of many
    the first are named. A group numbers its own kernels: “maps 4 to 7 …, kernel [:, :, i − 4, 5]”.

    Parameters
    ----------
    state
        The document.
    address
        Path of filters to the map; only the last counts unless in Naive.
    """
    index, filter_ = len(address) - 1, address[-1]
    layer = state.network.layers[index]
    naive = state.scheme is ChannelScheme.NAIVE
    number = address_text(address) if naive else str(filter_)
    activation = "" if layer.activation == "none" else ACTIVATIONS[layer.activation].label + " of "
    bias = "" if layer.bias is None else f"bias {signed(layer.bias[filter_])}"
    source = "the drawing" if index == 0 else layer_name(index - 1)
    heard = _heard(state, address, source)
    if heard:
        made = f"{heard}, plus {bias}" if bias else heard
    else:
        many = f"every one of its {layer.depth} contributions"
        alone = f"{bias} alone" if bias else "0"
        made = f"{alone}: {'its one contribution' if naive or layer.depth == 1 else many} is muted"
    return f"{layer_name(index)}, map {number}: {activation}{made}."


def _heard(state: State, address: Address, source: str) -> str:
    """What a map is made from, its bias apart, or nothing where all of that is muted."""
    index, filter_ = len(address) - 1, address[-1]
    layer = state.network.layers[index]
    if state.scheme is ChannelScheme.NAIVE:
        if layer.muted_from(address[-2] if index else 0)[filter_]:
            return ""
        parent = source if index == 0 else f"map {address_text(address[:-1])} of {source}"
        return f"{parent} convolved with the flat kernel [:, :, 0, {filter_}]"
    inputs = layer.inputs_of(filter_)
    muted = layer.mutes_of(filter_)
    if muted.all():
        return ""
    if layer.depth == 1:
        one = "the one map" if layer.in_channels == 1 else f"map {inputs[0]}"
        one = source if index == 0 else f"{one} of {source}"
        return f"{one} convolved with kernel [:, :, 0, {filter_}]"
    group = f"maps {inputs[0]} to {inputs[-1]}"
    maps = f"{group if layer.groups > 1 else f'the {layer.depth} maps'} of {source}"
    if muted.any():
        off = [channel for channel, mute in zip(inputs, muted, strict=True) if mute]
        heard = [channel for channel, mute in zip(inputs, muted, strict=True) if not mute]
        # Whichever is shorter to read.
        which = f"all but {_listed(heard)}" if len(heard) < len(off) else _listed(off)
        verb = "is" if len(off) == 1 else "are"
        maps = f"{len(heard)} of {maps} ({which} {verb} muted)"
    if state.scheme is ChannelScheme.SHARED:
        kernel = "the shared kernel [:, :, 0"
    else:
        kernel = "its kernel [:, :, i" + (f" − {inputs[0]}" if inputs[0] else "")
    return f"the sum over {maps}, each convolved with {kernel}, {filter_}]"


def _listed(numbers: Sequence[int]) -> str:
    """Numbers in words: “0, 3 and 4”, of many the first: “0, 3, 4, 6, 7 and 20 more”."""
    words = [str(number) for number in numbers]
    if len(words) > _MOST_LISTED:
        words[_MOST_LISTED - 1 :] = [f"{len(words) - _MOST_LISTED + 1} more"]
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def subscript(number: int) -> str:
    """A whole number in subscript digits: “₁₂”."""
    return str(number).translate(_SUBSCRIPTS)


def bias_name(address: Address) -> str:
    """What a map's bias is called: “b₂[1]”."""
    return f"b{subscript(len(address))}[{address[-1]}]"


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
