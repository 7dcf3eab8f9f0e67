"""The number of layers changes while naive maps are looked at."""

from dataclasses import replace

from cnn_explorer.core.building import new_network
from cnn_explorer.core.schemes import ChannelScheme

from .conftest import Driver


def naive(driver: Driver, *filters: int) -> None:
    network = new_network(filters)
    state = replace(driver.state, network=network, scheme=ChannelScheme.NAIVE)
    driver.window.document.commit("x", state)
    driver.settle()


def test_the_last_layer_is_removed_in_naive(driver: Driver) -> None:
    driver.show()
    driver.trigger("naive")
    driver.cards[1].removed.emit(1)
    driver.settle()
    assert driver.errors == []
    assert len(driver.shown.maps) == 1


def test_undo_across_a_change_of_depth_in_naive(driver: Driver) -> None:
    driver.show()
    naive(driver, *(16,) * 8)
    driver.window.selection.select(driver.window.selection.current.at((1, 2, 3, 4, 5, 6, 7, 8)))
    driver.settle()
    for name in ("hand_made", "undo", "redo", "undo"):
        driver.trigger(name)
    assert driver.errors == []
    assert len(driver.shown.maps) == 8


def test_fewer_filters_than_the_selected_address_in_naive(driver: Driver) -> None:
    driver.show()
    naive(driver, 16, 16, 16)
    driver.window.selection.select(driver.window.selection.current.at((15, 15, 15)))
    driver.settle()
    driver.cards[0].fields.filters.setValue(2)
    driver.settle()
    assert driver.errors == []
    assert driver.window.selection.current.address == (1, 15, 15)


def test_a_layer_that_is_added_comes_into_view(driver: Driver) -> None:
    driver.show(size=(1024, 700))
    for count in (3, 4, 5):
        driver.trigger("add_layer")
        driver.wait(lambda count=count: len(driver.grid(count - 1).visible()) > 0)
        assert len(driver.cards) == count
