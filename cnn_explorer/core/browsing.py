"""Which of many digits are looked at: all, those of a label, those that are read in some way."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.evaluation import Classes

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Choice:
    """What digits have to be like; of all that is None, nothing is asked.

    Parameters
    ----------
    label
        What they are.
    reading
        What they are read as.
    wrong
        Whether they are read as what they are not.
    """

    label: int | None = None
    reading: int | None = None
    wrong: bool = False

    @property
    def asks_for_readings(self) -> bool:
        """Whether it takes a network's readings to choose."""
        return self.wrong or self.reading is not None

    @property
    def words(self) -> str:
        """What they are called."""
        if self.wrong:
            return "Read wrongly"
        if self.label is None:
            return "All"
        if self.reading is None:
            return f"Label {self.label}"
        return f"{self.label} read as {self.reading}"


def chosen(choice: Choice, count: int, labels: Classes | None, classes: Classes | None) -> Indices:
    """Indices of the digits of a choice, ascending.

    Parameters
    ----------
    choice
        Which.
    count
        How many digits there are.
    labels, classes
        What each is, and what it is read as, shape (count,); None where that is not known, and
        the choice does not ask for it.
    """
    like = np.ones(count, bool)
    if choice.label is not None and labels is not None:
        like &= labels == choice.label
    if choice.reading is not None and classes is not None:
        like &= classes == choice.reading
    if choice.wrong and labels is not None and classes is not None:
        like &= labels != classes
    return np.flatnonzero(like)
