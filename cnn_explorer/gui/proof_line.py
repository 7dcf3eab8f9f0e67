"""The proof in words: the sum of what is shown, held against the map in the grid."""

import math
from itertools import islice

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.making import Making
from cnn_explorer.core.proof import Proof
from cnn_explorer.core.sentences import map_number
from cnn_explorer.gui.theme import WARNING

_TIP = (
    "The parts are added up in float32 and compared with what the network computed, pixel by "
    "pixel. float32 rounds each step: a sum of N products is wrong by at most g(N) · Σ|weight · "
    "input| with g(N) = N·u / (1 − N·u) and u = 2⁻²⁴, and the two ways to the map by twice that "
    "(N. J. Higham, Accuracy and Stability of Numerical Algorithms, section 3.1)."
)
_WARNING = "This is more than rounding can explain."
_Sentence = tuple[str, ...]  # its phrases

_USUAL = "8e-88"
"""Room for this is kept for every number, so that the lines stay where they are."""


class ProofLine(QWidget):
    """The differences before and after the activation, and what float32 allows.

    Painted, so that numbers that change with every frame cause no new layout.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said: list[_Sentence] = []
        self._room: list[_Sentence] = []
        self._holds = True
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setToolTip(_TIP)

    @property
    def text(self) -> str:
        """All that it says."""
        return "\n".join(map(" ".join, self._said))

    def show_making(self, making: Making) -> None:
        """Say whether the parts of a map add up to it."""
        self.show_proof(making.proof, *_compared(making))

    def show_proof(self, proof: Proof, before: str, after: str | None = None) -> None:
        """Say by how much two ways to the same values differ.

        Parameters
        ----------
        proof
            The differences.
        before, after
            What is compared before an activation, and after it; None where there is none.
        """
        self._holds = proof.holds
        digits = 0 if proof.holds else 2
        numbers = [
            _number(value, digits)
            for value in (proof.before, proof.before_allowed, proof.after, proof.after_allowed)
        ]
        names = [before] if after is None else [before, after]
        self._said = _sentences(names, numbers, holds=proof.holds)
        room = _sentences(names, [_USUAL] * 4, holds=proof.holds)
        self.setAccessibleName(self.text)
        if room != self._room:
            self._room = room
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(0, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        """One line for each sentence."""
        return QSize(0, self.fontMetrics().height() * len(self._room))

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Room for all sentences with numbers of the usual length."""
        return self.fontMetrics().height() * sum(
            len(self._breaks(sentence, width)) for sentence in self._room
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sentences, in the colour of a warning where the proof does not hold."""
        painter = QPainter(self)
        try:
            if not self._holds:
                dark = self.palette().base().color().lightness() < 128
                painter.setPen(QColor(WARNING[dark]))
            metrics = painter.fontMetrics()
            baseline = metrics.ascent()
            for said, room in zip(self._said, self._room, strict=True):
                words = iter(" ".join(said).split(" "))
                for count in self._breaks(room, self.width()):
                    painter.drawText(0, baseline, " ".join(islice(words, count)))
                    baseline += metrics.height()
        finally:
            painter.end()

    def _breaks(self, sentence: _Sentence, width: int) -> list[int]:
        """How many words each line has: phrases stay whole where a line has room for them."""
        wide = self.fontMetrics().horizontalAdvance
        lines: list[str] = []
        for phrase in sentence:
            for part in [phrase] if wide(phrase) <= width else phrase.split(" "):
                if lines and wide(f"{lines[-1]} {part}") <= width:
                    lines[-1] += f" {part}"
                else:
                    lines.append(part)
        return [line.count(" ") + 1 for line in lines]


def _compared(making: Making) -> tuple[str, str | None]:
    """What is compared before the activation of a map, and after it if there is one."""
    number = map_number(making.state, making.address)
    bias = "" if making.bias is None else " + bias"
    activation = making.layer.activation
    after = (
        None if activation == "none" else f"{ACTIVATIONS[activation].label} of it − map {number}"
    )
    return f"Σ parts{bias} − before activation", after


def _sentences(names: list[str], numbers: list[str], *, holds: bool) -> list[_Sentence]:
    """What is compared and by how much it differs; the numbers as they are printed."""
    result: list[_Sentence] = [
        (f"{name}:", f"max |difference| {difference}", f"(float32 allows {allowed})")
        for name, difference, allowed in zip(names, numbers[::2], numbers[1::2], strict=False)
    ]
    return result if holds else [*result, (_WARNING,)]


def _number(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    return f"{value:.{digits}e}" if math.isfinite(value) else "∞"
