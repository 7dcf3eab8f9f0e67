"""What the user points at: a map, a pixel of it, and one of its kernels."""

from dataclasses import dataclass, replace

from cnn_explorer.core.addresses import Address, followed
from cnn_explorer.core.network import MAX_LAYERS, Network


@dataclass(frozen=True)
class Selection:
    """The selected map and the pinned pixel.

    Parameters
    ----------
    layer
        Index of the selected map's layer, from 0, or None where no map is selected.
    path
        For each layer the map last selected in it. In Real and Shared the selected map is
        number ``path[layer]``; in Naive its address is ``path[:layer + 1]``, so that a map stays
        selected when the scheme is switched.
    pin
        (row, column) of the pinned pixel of the selected map, or None.
    channel
        Which of the selected map's kernels is at hand: the number of its input map in its group.
    """

    layer: int | None = None
    path: tuple[int, ...] = (0,) * MAX_LAYERS
    pin: tuple[int, int] | None = None
    channel: int = 0

    @property
    def address(self) -> Address | None:
        """Path of filters to the selected map, or None."""
        return None if self.layer is None else self.path[: self.layer + 1]

    def at(self, address: Address, pin: tuple[int, int] | None = None) -> "Selection":
        """Select the map at an address; filters of deeper layers stay."""
        path = (*address, *self.path[len(address) :])
        return Selection(len(address) - 1, path, pin, self.channel)

    def within(self, network: Network) -> "Selection":
        """The nearest selection that lies inside a network."""
        inside = followed(network, self.path)
        path = (*inside, *self.path[len(inside) :])
        if self.layer is None:
            return replace(self, path=path)
        last = min(self.layer, len(network.layers) - 1)
        pin = self.pin
        if pin is not None:
            rows, columns = network.sizes[last + 1]
            pin = min(pin[0], rows - 1), min(pin[1], columns - 1)
        return Selection(last, path, pin, min(self.channel, network.layers[last].depth - 1))

    def moved(self, old: Network, new: Network) -> "Selection":
        """The same maps of the same layers, wherever those are now.

        A layer is known by its own number; where it is gone, its place is kept.
        """
        places = {layer.number: index for index, layer in enumerate(new.layers)}
        path = list(self.path)
        for index, layer in enumerate(old.layers):
            if layer.number in places:
                path[places[layer.number]] = self.path[index]
        place = self.layer
        if place is not None and place < len(old.layers):
            place = places.get(old.layers[place].number, place)
        return replace(self, layer=place, path=tuple(path))


def opening_selection(network: Network) -> Selection:
    """A map of the last layer in view, and a pixel of it, so that there is something to read."""
    last = max(0, network.tail - 1)
    rows, columns = network.sizes[last + 1]
    selection = Selection(last, (1,) * MAX_LAYERS, (rows * 2 // 5, columns * 3 // 5))
    return selection.within(network)
