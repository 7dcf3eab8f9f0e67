"""The question that every newcomer asks, for the network that is open, and its answers in words."""

from dataclasses import dataclass
from enum import StrEnum

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.sentences import compact


class Idea(StrEnum):
    """What a layer might do with its input maps; the first that gives a number explains it."""

    SUMMED = "summed"
    NOT_SUMMED = "not summed"
    ONE_TO_ONE = "one to one"
    SIDE_BY_SIDE = "side by side"


class Lead(StrEnum):
    """The screen that an answer leads to."""

    MAKING = "making"
    NAIVE = "naive"
    DIAGONAL = "diagonal"
    TENSORS = "tensors"


_LEADS = {
    Idea.SUMMED: (Lead.MAKING, "Show how a map is made"),
    Idea.NOT_SUMMED: (Lead.NAIVE, "Show all {} maps"),
    Idea.ONE_TO_ONE: (Lead.DIAGONAL, "Show only the diagonal"),
    Idea.SIDE_BY_SIDE: (Lead.TENSORS, "Show the kernel tensors"),
}


@dataclass(frozen=True)
class Answer:
    """One number of maps, and what to say to it.

    Parameters
    ----------
    number
        How many maps.
    ideas
        What gives this number, in the order of `Idea`.
    explanation
        One to three plain sentences.
    leads_to, button
        Which screen shows why, and what the button that goes there says.
    """

    number: int
    ideas: tuple[Idea, ...]
    explanation: str
    leads_to: Lead
    button: str

    @property
    def right(self) -> bool:
        """Whether so many maps come out."""
        return Idea.SUMMED in self.ideas


@dataclass(frozen=True)
class Question:
    """The question in words.

    Parameters
    ----------
    layer
        Index of the layer that it asks about.
    text
        The question.
    answers
        Sorted by number, each number once.
    """

    layer: int
    text: str
    answers: tuple[Answer, ...]


def question(network: Network) -> Question | None:
    """Ask how many maps the second convolution gives, or where there is one alone, the first.

    Depthwise ones do not count: they sum nothing.

    Parameters
    ----------
    network
        The layers; the numbers are theirs.

    Returns
    -------
    Question or None
        None where no layer sums.
    """
    convolutions = [
        index
        for index, one in enumerate(network.layers)
        if type(one) is Conv2d and (one.depth > 1 or one.in_channels == 1)
    ]
    if not convolutions:
        return None
    index = convolutions[min(1, len(convolutions) - 1)]
    layer = network.layers[index]
    maps, filters = layer.in_channels, layer.out_channels
    numbers = {
        Idea.SUMMED: filters,
        Idea.NOT_SUMMED: maps * filters,
        Idea.ONE_TO_ONE: maps,
        Idea.SIDE_BY_SIDE: maps + filters,
    }
    plain = all(type(one) is Conv2d for one in network.layers[:index])
    before = f"Layer {index}" if plain else network.names[index - 1]
    own = f"layer {index + 1}" if plain else network.names[index]
    source = f"{before} has" if index else "The drawing is"
    text = (
        f"{source} {_count(maps, 'map')}, {own} has {_count(filters, 'filter')}. "
        "How many maps come out?"
    )
    answers = []
    for number in sorted(set(numbers.values())):
        ideas = tuple(idea for idea in Idea if numbers[idea] == number)
        lead, button = _LEADS[ideas[0]]
        explanation = _explanation(ideas, number, maps, filters, layer.depth)
        answers.append(Answer(number, ideas, explanation, lead, button.format(compact(number))))
    return Question(index, text, tuple(answers))


def _explanation(ideas: tuple[Idea, ...], number: int, maps: int, filters: int, depth: int) -> str:
    """Explain the first idea, and name the others that give the same number."""
    said = compact(number)
    convolutions = _count(depth * filters, "convolution")
    fold = f"{convolutions} fold into {_count(filters, 'map')}"
    others = list(ideas[1:])
    if ideas[0] is Idea.SUMMED and maps == 1:
        text = (
            f"Yes: {said}. With one map in, a filter has one kernel and its sum one term. That is "
            f"what misleads: without adding it would be {said}, too."
        )
        others.remove(Idea.NOT_SUMMED)
    elif ideas[0] is Idea.SUMMED:
        text = (
            f"Yes: {said}. Each filter has {_count(depth, 'kernel')}, one for each map that it "
            f"sees, and adds up what they give: {fold}."
        )
    elif ideas[0] is Idea.NOT_SUMMED:
        text = (
            f"{said} is what you get before adding: {_each(filters, 'filter')} on "
            f"{_each(maps, 'map')}. But a filter adds up what it makes: {fold}."
        )
    elif ideas[0] is Idea.ONE_TO_ONE:
        seen = f"all {depth} maps" if depth == maps > 1 else _count(depth, "map")
        text = (
            f"{said} is what you get when filter j sees only map j, the diagonal. "
            f"But every filter sees {seen}: {fold}."
        )
    else:
        text = (
            f"{said} is what you get by putting {_count(filters, 'new map')} beside the "
            f"{compact(maps)} that came in. But a layer passes no map on: how many come out is the "
            f"length of the axis “out” of its kernels, {compact(filters)}."
        )
    return " ".join([text, *(_TOO[idea].format(said) for idea in others)])


_TOO = {
    Idea.NOT_SUMMED: "Without adding it would be {}, too.",
    Idea.ONE_TO_ONE: "With filter j on map j alone it would be {}, too.",
    Idea.SIDE_BY_SIDE: "With the new maps beside the old ones it would be {}, too.",
}


def _count(number: int, noun: str) -> str:
    """A number of things: “1 map”, “3 maps”."""
    return f"{compact(number)} {noun}{'' if number == 1 else 's'}"


def _each(number: int, noun: str) -> str:
    """All of so many things, one at a time: “the 1 map”, “each of the 3 maps”."""
    return f"{'the' if number == 1 else 'each of the'} {_count(number, noun)}"
