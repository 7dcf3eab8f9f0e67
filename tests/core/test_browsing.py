"""Which digits are looked at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.browsing import Choice, chosen

pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)
choices = st.builds(
    Choice, st.none() | st.integers(0, 9), st.none() | st.integers(0, 9), st.booleans()
)


@given(pairs, choices)
def test_those_are_chosen_that_are_as_asked(pairs: list[tuple[int, int]], choice: Choice) -> None:
    labels, classes = (np.array(each, np.int8) for each in zip(*pairs, strict=True))
    expected = [
        index
        for index, (label, reading) in enumerate(pairs)
        if choice.label in (None, label)
        and choice.reading in (None, reading)
        and (label != reading or not choice.wrong)
    ]
    assert chosen(choice, len(pairs), labels, classes).tolist() == expected


def test_without_labels_all_are_chosen() -> None:
    assert chosen(Choice(), 3, None, None).tolist() == [0, 1, 2]


def test_choices_have_names() -> None:
    made = [Choice(), Choice(4), Choice(4, 9), Choice(wrong=True)]
    assert [choice.words for choice in made] == ["All", "Label 4", "4 read as 9", "Read wrongly"]
    assert [choice.asks_for_readings for choice in made] == [False, False, True, True]
