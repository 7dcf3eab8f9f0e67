"""The face of contributions: its words, its counter, the fold by slider and by animation."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QVariantAnimation
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QSlider, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.mutes import only_diagonal, toggle_input, toggle_mute, toggle_solo
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui import contributions
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.contributions import Contributions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.status import Line
from cnn_explorer.io.digits import digit

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
NETWORK = new_network((3, 4, 5))


class Bench:
    """A face."""

    def __init__(
        self,
        qtbot: QtBot,
        scheme: ChannelScheme = REAL,
        layer: int = 1,
        network: Network = NETWORK,
        settings: Settings | None = None,
        width: int = 740,
    ) -> None:
        self.state = State(digit(7), network, scheme)
        self.selection = SelectionModel(Selection())
        self.settings = settings or Settings()
        self.face = Contributions(layer, Document(self.state), self.selection)
        qtbot.addWidget(self.face)
        self.face.set_state(self.state, self.settings)
        self.face.resize(width, 600)
        self.face.set_room(width, 560, 600)
        with qtbot.waitExposed(self.face):
            self.face.show()
        self.face.set_room(width, 560, 600)

    @property
    def words(self) -> str:
        label = next(item for item in self.face.findChildren(QLabel) if item.wordWrap())
        plain = label.text()
        for tag in ("<p style='margin: 0 0 6px 0'>", "<b>", "</b>"):
            plain = plain.replace(tag, "")
        return plain.replace("</p>", " ").replace("&nbsp;", " ").strip()

    @property
    def counter(self) -> str:
        return self.face.findChild(Line).text()  # type: ignore[union-attr]

    @property
    def slider(self) -> QSlider:
        slider = self.face.findChild(QSlider)
        assert isinstance(slider, QSlider)
        return slider

    @property
    def position(self) -> float:
        return self.face.cells.contents.position

    def button(self, text: str) -> QToolButton:
        return next(item for item in self.face.findChildren(QToolButton) if item.text() == text)


Make = Callable[..., Bench]


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def make(*arguments: object, **named: object) -> Bench:
        return Bench(qtbot, *arguments, **named)  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize(
    ("scheme", "layer", "said"),
    [
        (
            REAL,
            1,
            ["its own kernel [:, :, i, j].", "3 × 4 = 12.", "each column: 4.", "None vanish"],
        ),
        (REAL, 0, ["the drawing", "1 × 3 = 3.", "each column: 3.", "each sum has one term"]),
        (SHARED, 1, ["the same kernel [:, :, 0, j]", "3 × 4 = 12.", "each column: 4."]),
        (NAIVE, 1, ["is a map: ReLU(map i", "3 × 4 = 12 maps.", "no filter sees two maps"]),
        (NAIVE, 2, ["Under map 0: 4 × 5 = 20 of 60 maps."]),
        (NAIVE, 0, ["1 × 3 = 3 maps."]),
    ],
)
def test_the_words_say_what_the_scheme_does(
    make: Make, scheme: ChannelScheme, layer: int, said: list[str]
) -> None:
    words = make(scheme, layer).words
    for part in said:
        assert part in words
    assert ("Summed" in words) == (scheme is not NAIVE)


def test_in_naive_the_words_follow_the_path(make: Make) -> None:
    bench = make(NAIVE, 2)
    bench.selection.select(Selection(2, (2, 3, 1) + (0,) * 5))
    assert "Under map 2:" in bench.words


def test_nothing_folds_in_naive(make: Make) -> None:
    bench = make(NAIVE)
    assert not bench.slider.isVisible()
    assert not bench.button("Fold").isVisible()
    bench.face.fold()
    assert bench.position == 0


def test_the_slider_folds_step_by_step_by_keyboard(make: Make) -> None:
    bench = make()
    assert bench.counter == "12 convolutions"
    said = []
    while bench.slider.value() < bench.slider.maximum():
        QTest.keyClick(bench.slider, Qt.Key.Key_Right)
        said.append(bench.counter)
        assert bench.position == bench.slider.value()
    assert said == [
        "4 convolutions + 4 partial sums",
        "4 sums",
        "4 sums",
        "+ bias, once",
        "ReLU, after the sum: 4 maps",
    ]
    ends = [label.text() for label in bench.face.findChildren(QLabel) if not label.wordWrap()]
    assert ends == ["12", "4"]


def test_what_is_said_at_each_step_is_what_there_is(make: Make) -> None:
    network = edit.with_activation(new_network((5, 1)), 1, "none")
    bench = make(network=network)
    said = []
    for step in range(bench.face.cells.contents.steps + 1):
        bench.face.set_position(float(step))
        said.append(bench.counter)
    assert said == [
        "5 convolutions",
        "3 convolutions + 1 partial sum",
        "2 convolutions + 1 partial sum",
        "1 convolution + 1 partial sum",
        "1 sum",
        "1 sum",
        "+ bias, once",
        "1 map",
    ]


def test_the_fold_is_animated_and_goes_back(
    make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributions, "FOLD_SECONDS", 0.2)
    bench = make()
    steps: list[int] = []
    bench.face.folded.connect(steps.append)
    bench.face.fold()
    assert bench.position < 5
    qtbot.waitUntil(lambda: bench.position == 5)
    assert steps == sorted(steps)
    assert bench.slider.value() == 5
    QTest.mouseClick(bench.button("Fold"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bench.position == 0)
    assert bench.counter == "12 convolutions"


def test_the_slider_takes_over_from_the_animation(make: Make, qtbot: QtBot) -> None:
    bench = make()
    bench.face.fold()
    bench.slider.setValue(4)
    QApplication.processEvents()
    assert bench.position == 4


def test_with_reduced_motion_the_fold_jumps(make: Make) -> None:
    bench = make(settings=Settings(reduced_motion=True))
    bench.face.fold()
    assert bench.position == 5
    bench.face.fold()
    assert bench.position == 0


def test_where_the_desktop_animates_nothing_the_fold_jumps(make: Make) -> None:
    bench = make()
    bench.face.setStyleSheet("* { widget-animation-duration: 0 }")
    bench.face.fold()
    assert bench.position == 5


def test_a_face_that_is_hidden_while_it_folds_is_folded(make: Make) -> None:
    bench = make()
    bench.face.fold()
    bench.face.hide()
    assert bench.position == 5
    bench.face.spread()
    assert bench.position == 0


@pytest.mark.parametrize("rows", [1, 8, 9, 64, 256])
def test_however_many_rows_the_fold_has_few_stops(make: Make, rows: int) -> None:
    bench = make(network=new_network((rows, 2)))
    stops = bench.face._stops
    assert len(stops) <= 11
    assert stops[0] == 0
    assert stops[-3:] == (rows, rows + 1, rows + 2)
    assert list(stops) == sorted(set(stops))


def test_running_sums_are_a_switch(make: Make) -> None:
    bench = make()
    QTest.keyClick(bench.button("Running sums"), Qt.Key.Key_Space)
    assert bench.face.cells.contents.running
    QTest.keyClick(bench.button("Each alone"), Qt.Key.Key_Space)
    assert not bench.face.cells.contents.running


def test_the_legend_has_the_scale_of_the_cells(make: Make) -> None:
    bench = make()
    cells = bench.face.cells.cells_in_view()
    assert cells is not None
    shown = forward(Request(bench.state, (), "matmul", cells=(cells,)))
    bench.face.show_maps(shown, colouring_of(bench.settings, shown.maps))
    legend = bench.face.findChild(Legend)
    assert isinstance(legend, Legend)
    scale = bench.face.cells.scale
    assert scale is not None
    assert f"{scale.most:.3g}" in legend.accessibleName()


@pytest.mark.parametrize("scheme", list(ChannelScheme))
@pytest.mark.parametrize("width", [440, 560, 740, 1450])
def test_all_of_it_fits_beside_or_over_the_cells(
    make: Make, scheme: ChannelScheme, width: int
) -> None:
    bench = make(scheme, width=width)
    QApplication.processEvents()
    face, cells = bench.face, bench.face.cells
    assert max(cells.mosaic.tile) >= (84 if width >= 740 else 56)
    assert cells.verticalScrollBar().maximum() == cells.horizontalScrollBar().maximum() == 0
    label = next(item for item in face.findChildren(QLabel) if item.wordWrap())
    assert label.heightForWidth(label.width()) <= label.height()
    for item in (label, cells, *face.findChildren(QToolButton), bench.slider):
        if item.isVisible():
            corner = item.mapTo(face, item.rect().bottomRight())
            assert corner.x() < width
            assert corner.y() < face.height()
    beside = label.mapTo(face, label.rect().topLeft()).x() > cells.geometry().right()
    assert beside == (width >= 740)
    assert cells.x() == 0


def test_the_words_say_what_mutes_leave(make: Make) -> None:
    square = new_network((3, 3, 2))
    bench = make(network=only_diagonal(square, 1))
    assert "6 of 9 are muted and left out." in bench.words
    assert "Each map of Conv 2 comes from one map of Conv 1." in bench.words
    assert "None vanished" not in bench.words
    wide = make(network=only_diagonal(NETWORK, 1)).words  # the fourth filter has no map 3
    assert "Each map of Conv 2 comes from at most one map of Conv 1." in wide
    one = make(network=toggle_mute(square, 1, 0, 2)).words
    assert "1 of 9 are muted and left out. No map of Conv 2 comes from one map" in one
    some = make(network=toggle_solo(square, 1, 0, 2)).words
    assert "2 of 9 are muted and left out." in some
    assert "one map of" not in some  # of one map it is so, of the others it is not
    network = square
    for row in range(3):
        network = toggle_input(network, 1, row)
    assert "9 of 9 are muted and left out. Each sum is 0." in make(network=network).words
    assert "1 of 3 are muted" in make(layer=0, network=toggle_mute(square, 0, 1, 0)).words
    naive = make(NAIVE, network=toggle_mute(square, 1, 0, 2)).words
    assert "1 of 9 are muted: made without their convolution." in naive


def test_other_colours_do_not_stop_a_fold_that_is_about_to_begin(
    make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributions, "FOLD_SECONDS", 0.2)
    bench = make()
    bench.face.fold()
    assert bench.position == 0
    bench.face.set_state(bench.state, Settings(contrast=4))
    qtbot.waitUntil(lambda: bench.position == 5)


def test_another_matrix_stops_the_fold(make: Make) -> None:
    bench = make()
    bench.face.fold()
    assert bench.face._animation.state() is QVariantAnimation.State.Running
    bench.face.set_state(State(digit(7), new_network((3, 6))), bench.settings)
    assert bench.face._animation.state() is QVariantAnimation.State.Stopped
    assert bench.position == 0


@pytest.mark.parametrize("still", [True, False])
def test_the_fold_goes_on_and_back_step_by_step(qtbot: QtBot, still: bool) -> None:
    bench = Bench(qtbot, settings=Settings(reduced_motion=still))
    face = bench.face
    seen = [face.step]
    while face.step_on(1):
        seen.append(face.step)
    assert seen == list(range(face.last_step + 1)) == [0, 1, 2, 3, 4, 5]
    assert bench.counter.endswith("4 maps") or not still
    qtbot.waitUntil(lambda: bench.counter.endswith("4 maps"))
    while face.step_on(-1):
        seen.append(face.step)
    assert seen[6:] == [4, 3, 2, 1, 0]
    qtbot.waitUntil(lambda: bench.counter == "12 convolutions")


def test_a_naive_layer_has_no_steps(qtbot: QtBot) -> None:
    face = Bench(qtbot, NAIVE).face
    assert face.last_step == 0
    assert not face.step_on(1)


def test_without_controls_the_counter_stays(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    bench.face.set_bare(True)
    bench.face.set_room(740, 560, 600)
    assert not bench.slider.isVisible()
    assert bench.face.findChild(Line).isVisible()  # type: ignore[union-attr]
    bench.face.set_bare(False)
    assert bench.slider.isVisible()
