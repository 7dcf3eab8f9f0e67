"""What the screen says of how maps are made, read and added up again; faults planted and found."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QCheckBox, QToolButton

from cnn_explorer.core import forward as passes
from cnn_explorer.core import making
from cnn_explorer.core.building import new_network
from cnn_explorer.core.edit import with_filters, with_kernel_size, with_padding, with_stride
from cnn_explorer.core.explain import contributions
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.gui.map_plan import EDGE
from cnn_explorer.gui.map_rows import MapRows
from cnn_explorer.gui.status import Line
from cnn_explorer.gui.tiles import Spot, TileField

from .conftest import Driver
from .conftest import pixel as place_of

LEFT = Qt.MouseButton.LeftButton


def number(text: str) -> Decimal:
    return Decimal(text.replace("−", "-"))


def shows(line: str) -> Decimal:
    """The number at the end of a line."""
    return number(line.rsplit("  ", 1)[1])


def adds_up(text: str) -> tuple[Decimal, Decimal, Decimal]:
    """Add a ledger's printed column up; return its rounding, sum and value."""
    rows = [line for line in text.splitlines() if line.startswith(("☑", "▸ rest"))]
    footer = text.splitlines()[-4:] if "\nbias" in text else text.splitlines()[-3:]
    *added, before, value = footer
    total = sum((shows(line) for line in [*rows, *added]), Decimal(0))
    assert before.startswith("before activation")
    assert total == shows(before), text
    return shows(added[-1]), shows(before), shows(value)


def test_five_hundred_pixels_add_up_as_printed(driver: Driver) -> None:
    network = with_stride(with_padding(new_network((5, 6, 3)), 1, 3), 1, 2)
    driver.window.document.commit("x", replace(driver.state, network=network))
    driver.settle()
    random = np.random.default_rng(7)
    rows = driver.window.inspector.making.pixel_rows
    seen = 0
    for address in ((2,), (1, 3), (0, 5), (4, 2, 1)):
        driver.window.selection.select(driver.window.selection.current.at(address))
        driver.settle()
        size = driver.shown.maps[len(address) - 1].shape[1:]
        corners = [(r, c) for r in (0, size[0] - 1) for c in (0, size[1] - 1)]
        inner = [tuple(int(random.integers(side)) for side in size) for _ in range(121)]
        for pixel in (*corners, *inner):
            current = driver.window.selection.current
            driver.window.selection.select(current.at(address, pixel))
            rounding, before, value = adds_up(rows.text())
            terms = 2 + network.layers[len(address) - 1].depth
            assert abs(rounding) <= terms * Decimal("0.00005") + Decimal("0.0001")
            layer, filter_ = len(address) - 1, address[-1]
            assert abs(float(before) - driver.shown.before[layer][filter_][pixel]) <= 0.51e-4
            assert abs(float(value) - driver.shown.maps[layer][filter_][pixel]) <= 0.51e-4
            seen += 1
    assert seen == 500


def test_the_products_of_an_opened_row_add_up_to_its_subtotal(driver: Driver) -> None:
    rows = driver.window.inspector.making.pixel_rows
    rows.setFocus()
    driver.press("Home", rows)
    for _ in range(3):
        driver.press("Right", rows)
        driver.press("Down", rows)
    random = np.random.default_rng(3)
    for pixel in [(0, 0), (27, 27), *random.integers(28, size=(40, 2)).tolist()]:
        selection = driver.window.selection
        selection.select(selection.current.at((0, 1), (pixel[0], pixel[1])))
        lines = rows.text().splitlines()
        opened = [place for place, line in enumerate(lines) if line.startswith("☑")]
        assert len(opened) == 3
        for start, end in zip(opened, [*opened[1:], len(lines)], strict=True):
            products = [line for line in lines[start:end] if " × " in line]
            assert len(products) == 9
            for line in products:
                window, kernel, product = map(number, re.split(" × | = +", line.strip()))
                # Printed factors are rounded, each by half a unit, and so is the product.
                slack = (abs(window) + abs(kernel) + 1) * Decimal("0.000051")
                assert abs(window * kernel - product) <= slack
            (rounding,) = (line for line in lines[start:end] if line.startswith("    rounding"))
            total = sum((shows(line) for line in [*products, rounding]), Decimal(0))
            assert total == shows(lines[start])


def test_numbers_follow_the_pen(driver: Driver) -> None:
    rows = driver.window.inspector.making.pixel_rows
    before = adds_up(rows.text())
    row, column = driver.window.selection.current.pin or (0, 0)
    driver.draw((row - 3, column), (row + 3, column))
    assert adds_up(rows.text()) != before
    driver.press("Ctrl+Z")
    assert adds_up(rows.text()) == before


def proof(driver: Driver) -> tuple[float, float]:
    """Difference before and after the activation, as the line says them."""
    found = re.findall(r"\|difference\| (\S+)", driver.window.inspector.making.proof.text)
    assert len(found) == 2
    return float(found[0]), float(found[1])


def test_the_proof_finds_a_fault_in_the_parts(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert max(proof(driver)) < 1e-5

    def faulty(*arguments: Any, **options: Any) -> Any:
        parts = contributions(*arguments, **options).copy()
        parts[1, 9, 9] += np.float32(0.25)
        return parts

    monkeypatch.setattr(making, "contributions", faulty)
    driver.draw((2, 2), (3, 3))
    assert proof(driver)[0] == pytest.approx(0.25, rel=0.06)
    assert "more than rounding" in driver.window.inspector.making.proof.text
    monkeypatch.undo()
    driver.draw((4, 4), (5, 5))
    assert max(proof(driver)) < 1e-5
    assert "more than rounding" not in driver.window.inspector.making.proof.text


def test_the_proof_finds_a_fault_in_the_maps(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = passes._summed

    def faulty(*arguments: Any) -> Any:
        result = whole(*arguments)
        maps = result.maps[1].copy()
        maps[1, 3, 4] += np.float32(0.5)
        return replace(result, maps=(result.maps[0], maps))

    monkeypatch.setattr(passes, "_summed", faulty)
    driver.draw((2, 2), (3, 3))
    before, after = proof(driver)
    assert before < 1e-5
    assert after == pytest.approx(0.5, rel=0.06)
    assert "more than rounding" in driver.window.inspector.making.proof.text


def test_the_copied_numpy_gives_the_value_on_screen(driver: Driver) -> None:
    (button,) = (
        item for item in driver.window.inspector.findChildren(QToolButton) if item.text() == "NumPy"
    )
    for scheme in ChannelScheme:
        driver.trigger(scheme.value)
        button.click()
        names: dict[str, Any] = {}
        exec(QGuiApplication.clipboard().text(), names)
        _, _, value = adds_up(driver.window.inspector.making.pixel_rows.text())
        assert float(names["value"]) == pytest.approx(float(value), abs=0.51e-4)


def test_a_mute_acts_on_all_that_follows_and_shows_wherever_it_acts(driver: Driver) -> None:
    driver.press("Ctrl+L")
    deeper = driver.shown.maps[2].copy()
    panel = driver.window.inspector.making
    driver.window.selection.select(driver.window.selection.current.at((0, 1), (11, 16)))
    driver.settle()
    panel.pixel_rows.setFocus()
    driver.press("Home", panel.pixel_rows)
    driver.press("Space", panel.pixel_rows)
    layer = driver.state.network.layers[1]
    assert layer.mutes_of(1).tolist() == [True, False, False]
    assert not np.array_equal(driver.shown.maps[2], deeper)
    assert adds_up(panel.pixel_rows.text())
    assert "☐ 0" in panel.pixel_rows.text()
    assert driver.grid(1).captions(1)[0] == "map 1 · 1 off"
    (chip,) = (
        item
        for item in driver.cards[1].findChildren(QToolButton)
        if item.isVisible() and "muted" in item.text()
    )
    assert chip.text() == "1 muted"
    assert "2 of the 3 maps" in driver.grid(1).accessibleDescription()
    chip.click()
    driver.settle()
    assert driver.state.network.layers[1].muted is None
    np.testing.assert_array_equal(driver.shown.maps[2], deeper)
    for _ in range(2):
        driver.press("Ctrl+Z")
    assert driver.state.network.layers[1].muted is None


def test_only_the_diagonal_is_what_one_to_one_would_give(driver: Driver) -> None:
    driver.trigger("only_diagonal")
    first, second = driver.shown.maps
    layer = driver.state.network.layers[1]
    for filter_ in range(4):
        parts = contributions(first, layer, filter_)
        alone = parts[filter_] if filter_ < 3 else np.zeros_like(parts[0])
        expected = np.maximum(alone + layer.bias[filter_], 0)  # type: ignore[index]
        np.testing.assert_allclose(second[filter_], expected, atol=1e-6)
    driver.trigger("unmute_all")
    assert driver.state.network.layers[1].muted is None


def test_every_answer_folds_the_contributions_and_leads_on(driver: Driver) -> None:
    driver.window.store.update(reduced_motion=True)
    opened = driver.state
    for answer in ("3", "4", "7", "12"):
        check_answer(driver, answer)
        driver.window.document.commit("x", opened)
        driver.window.inspector.setCurrentIndex(0)
        driver.cards[1].contributions.spread()
        driver.cards[1].show_face(0)
        driver.grid(0).setFocus()
        driver.settle()


def check_answer(driver: Driver, answer: str) -> None:
    question = driver.window.centre.question
    buttons = {item.text(): item for item in question.findChildren(QToolButton)}
    driver.trigger("naive")
    buttons[answer].click()
    driver.settle()
    card = driver.cards[1]
    assert driver.state.scheme is ChannelScheme.REAL
    assert card.contributions.isVisible()
    assert [line.text() for line in card.contributions.findChildren(Line) if line.isVisible()] == [
        "ReLU, after the sum: 4 maps"
    ]
    leads = [
        item
        for item in question.findChildren(QToolButton)
        if item.isVisible() and item.text().startswith("Show")
    ]
    assert len(leads) == 1
    inspector, layers = driver.window.inspector, driver.state.network.layers
    assert inspector.making.isVisible()
    if answer == "4":
        inspector.setCurrentIndex(1)
    leads[0].click()
    driver.settle()
    muted = driver.state.network.layers[1].muted
    if answer == "3":
        assert muted is not None
        np.testing.assert_array_equal(muted, ~np.eye(4, 3, dtype=bool))
    else:
        assert muted is None
    assert driver.state.network.layers[0] is layers[0]
    assert inspector.currentIndex() == (1 if answer == "7" else 0)
    assert (driver.state.scheme is ChannelScheme.NAIVE) is (answer == "12")
    rows = inspector.making.map_rows, inspector.making.pixel_rows
    assert (driver.window.focusWidget() in rows) is (answer == "4")


def test_why_add_shows_corners_until_a_row_is_unticked_and_can_be_put_away(driver: Driver) -> None:
    before = driver.state
    question = driver.window.centre.question
    (why,) = (item for item in question.findChildren(QToolButton) if item.text() == "Why add?")
    why.click()
    driver.settle()
    assert driver.shown.maps[1].max() > 0.3
    row, column = driver.window.selection.current.pin or (0, 0)
    hit = np.argwhere(driver.shown.maps[1][0] > 0)
    assert np.abs(hit - [row, column]).max() <= 3
    for channel in (0, 1):
        network = toggle_mute(driver.state.network, 1, 0, channel)
        driver.window.document.commit("x", replace(driver.state, network=network))
        driver.settle()
        assert not driver.shown.maps[1].any()
        driver.press("Ctrl+Z")
    for shape in ("Horizontal", "Vertical"):
        (button,) = (
            item
            for item in question.findChildren(QToolButton)
            if item.text() == shape and item.isVisible()
        )
        button.click()
        driver.settle()
        assert not driver.shown.maps[1].any()
    (back,) = (item for item in question.findChildren(QToolButton) if item.text() == "Back")
    back.click()
    driver.settle()
    assert driver.state.network is before.network
    assert driver.state.drawing is before.drawing

    for shown in (False, True):
        driver.window.actions_by_name["question"].trigger()
        assert question.isVisible() is shown


def sampled(image: QImage, picture: QRectF, size: tuple[int, int]) -> np.ndarray:
    """Colours of a picture's pixels, each at its middle, shape (rows, columns, 3)."""
    ratio = image.devicePixelRatio()
    height, width = picture.height() / size[0], picture.width() / size[1]
    points = [
        [
            (picture.x() + (c + 0.5) * width, picture.y() + (r + 0.5) * height)
            for c in range(size[1])
        ]
        for r in range(size[0])
    ]
    return np.array(
        [
            [QColor(image.pixel(int(x * ratio), int(y * ratio))).getRgb()[:3] for x, y in row]  # type: ignore[index]
            for row in points
        ]
    )


def last_is_the_sum(rows: MapRows) -> bool:
    """Whether the last row ends in the picture that stands first below the rows."""
    image, size, plan = rows.viewport().grab().toImage(), (28, 28), rows._plan()
    last = rows._rows()[-1]
    row = rows.row_rectangle(last)
    found = sampled(image, plan.cell(2, row.top(), size), size)
    assert len(np.unique(found.reshape(-1, 3), axis=0)) > 20
    for top in range(row.bottom(), int(rows.viewport().height() - plan.below)):
        if abs(found - sampled(image, plan.picture(EDGE, top, size, plan.below), size)).max() <= 2:
            return True
    return False


def test_running_sums_end_in_the_sum(driver: Driver) -> None:
    driver.window.store.update(zoom="map")
    selection = driver.window.selection
    selection.select(selection.current.at((0, 1)))  # no pin: its marks would be in the pictures
    driver.settle()
    rows = driver.window.inspector.making.map_rows
    assert not last_is_the_sum(rows)
    (box,) = (
        item
        for item in driver.window.inspector.findChildren(QCheckBox)
        if item.text() == "running sums"
    )
    QTest.mouseClick(box, LEFT)
    driver.settle()
    assert last_is_the_sum(rows)
    assert driver.shown.making is not None
    total = contributions(driver.shown.maps[0], driver.state.network.layers[1], 1).sum(axis=0)
    np.testing.assert_allclose(driver.shown.making.total, total, atol=1e-5)


# What is under the pointer, and the network changing there.


def point_at(area: QAbstractScrollArea, place: QPointF | QPoint) -> None:
    point = place.toPoint() if isinstance(place, QPointF) else place
    assert area.viewport().rect().contains(point)
    QTest.mouseMove(area.viewport(), point)
    QApplication.processEvents()


def point_away(driver: Driver) -> None:
    QTest.mouseMove(driver.window.status, QPoint(3, 3))
    QApplication.processEvents()


def hovered(driver: Driver, layer: int) -> list[TileField]:
    """Marks of what is under the pointer, each of which must lie on its map."""
    grid = driver.grid(layer)
    for shown in grid.fields:
        assert shown.field.mask.shape == grid.map_size
    return [shown for shown in grid.fields if shown.hovered]


def unmarked(driver: Driver) -> bool:
    grids = range(len(driver.cards))
    return not any(hovered(driver, index) or driver.grid(index).lit for index in grids)


def commit(driver: Driver, network: Network) -> None:
    driver.window.document.commit("x", replace(driver.state, network=network))


def kernel_cell(driver: Driver, cell: tuple[int, int]) -> QPointF:
    """Where the first row of the pixel's zoom has a cell of its kernel."""
    rows = driver.window.inspector.making.pixel_rows
    row = rows.row_rectangle(rows._rows()[0])
    for y in range(row.top(), row.bottom(), 5):
        for x in range(row.left(), row.right(), 5):
            spot = rows._spot(QPointF(x, y))
            if spot is not None and spot.cell == cell:
                return QPointF(x, y)
    raise AssertionError("there is no such cell")


def test_what_is_under_the_pointer_is_marked_on_other_maps(driver: Driver) -> None:
    selection, panel = driver.window.selection, driver.window.inspector.making
    selection.select(selection.current.at((0, 1)))
    driver.settle()
    assert unmarked(driver)
    point_at(driver.grid(1), place_of(driver.grid(1), 2, 9, 20))
    (window,) = hovered(driver, 0)
    assert window.field.mask[8:11, 19:22].all()
    assert window.field.mask.sum() == 9
    assert all(tile in window.tiles for tile in range(3))
    point_at(driver.grid(0), place_of(driver.grid(0), 1, 9, 20))
    assert not hovered(driver, 0)
    (footprint,) = hovered(driver, 1)
    assert footprint.field.mask.sum() == 9
    point_away(driver)
    assert unmarked(driver)

    driver.window.store.update(zoom="map")
    driver.settle()
    for position in (2, 0):
        point_at(panel.map_rows, panel.map_rows.row_rectangle(position).center())
        assert driver.grid(0).lit == {position}
    point_away(driver)
    assert unmarked(driver)

    driver.cards[1].show_face(2)
    driver.settle()
    kernels = driver.cards[1].kernels
    point_at(kernels, place_of(kernels, 2 * 4 + 3, 0, 1))  # of map 2 and filter 3
    (multiplied,) = hovered(driver, 0)
    assert [tile for tile in range(3) if tile in multiplied.tiles] == [2]
    point_away(driver)
    assert unmarked(driver)


def test_maps_shrink_and_go_from_under_pin_and_pointer(driver: Driver) -> None:
    network = driver.state.network
    commit(driver, with_padding(network, 1, "valid"))
    commit(driver, network)
    driver.settle()
    driver.click(driver.grid(1), 1, 27, 27)
    assert driver.window.selection.current.pin == (27, 27)
    assert len(driver.grid(0).fields) == 1
    for keys, side in (("Ctrl+Z", 26), ("Ctrl+Y", 28), ("Ctrl+Z", 26)):
        last = driver.grid(1).map_size[0] - 1
        point_at(driver.grid(1), place_of(driver.grid(1), 2, last - 1, last - 1))
        point_at(driver.grid(1), place_of(driver.grid(1), 2, last, last))
        assert driver.grid(1).hover == Spot(2, last, last)
        driver.press(keys)
        assert driver.grid(1).map_size == (side, side)
        assert all(shown.field.mask.any() for shown in driver.grid(0).fields)
        hovered(driver, 0)
    point_away(driver)
    assert unmarked(driver)

    # Input maps go while the pointer is on a kernel of one of them.
    commit(driver, with_filters(driver.state.network, 0, 8))
    driver.cards[1].show_face(2)
    driver.settle()
    kernels = driver.cards[1].kernels
    driver.window.layers.ensureWidgetVisible(driver.cards[1])
    point_at(kernels, place_of(kernels, 7 * 4 + 1, 1, 1))
    assert [tile for tile in range(8) if tile in hovered(driver, 0)[0].tiles] == [7]
    driver.press("Ctrl+Z")
    assert all(tile.tiles != (7,) for tile in hovered(driver, 0))
    driver.press("Ctrl+Y")
    driver.window.layers.ensureWidgetVisible(driver.cards[1])
    point_at(kernels, place_of(kernels, 7 * 4 + 1, 0, 0))
    assert len(hovered(driver, 0)) == 1
    point_away(driver)
    assert unmarked(driver)


def test_the_kernel_shrinks_and_another_network_comes_under_the_pointer(driver: Driver) -> None:
    commit(driver, with_kernel_size(driver.state.network, 1, 5))
    driver.settle()
    rows = driver.window.inspector.making.pixel_rows
    place, other = kernel_cell(driver, (4, 4)), kernel_cell(driver, (3, 4))
    point_at(rows, place)
    assert len(hovered(driver, 0)) == 1
    commit(driver, with_kernel_size(driver.state.network, 1, 1))
    assert not driver.window.fresh
    assert not hovered(driver, 0)
    QTest.mouseMove(rows.viewport(), other.toPoint())  # the rows still show the old kernel
    driver.settle()
    point_away(driver)
    assert unmarked(driver)

    commit(driver, with_kernel_size(driver.state.network, 1, 3))
    driver.settle()
    point_at(rows, kernel_cell(driver, (2, 2)))
    assert len(hovered(driver, 0)) == 1
    (why,) = (
        item
        for item in driver.window.centre.question.findChildren(QToolButton)
        if item.text() == "Why add?"
    )
    why.click()
    driver.settle()
    for keys in ("Ctrl+Z", "Ctrl+Y", "Ctrl+Z"):
        for layer in range(len(driver.cards)):
            hovered(driver, layer)
        driver.press(keys)
    point_away(driver)
    assert unmarked(driver)
