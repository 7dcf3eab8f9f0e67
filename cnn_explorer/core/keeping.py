"""What is worked out from a layer once, and kept with it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple

Layer = TypeVar("Layer")
Rest = TypeVarTuple("Rest")
Result = TypeVar("Result")


def kept_with_layer(
    function: Callable[[Layer, *Rest], Result],
) -> Callable[[Layer, *Rest], Result]:
    """Call a function of a layer once for each set of arguments, for as long as the layer lives.

    As `functools.lru_cache`, but what nobody uses any more is not held. Arguments are hashable and
    given by position.
    """

    @wraps(function)
    def wrapper(layer: Layer, *rest: *Rest) -> Result:
        return kept(layer, (function, *rest), lambda: function(layer, *rest))

    return wrapper


def kept(layer: object, key: object, make: Callable[[], Result]) -> Result:
    """Make something for a layer unless it was made for the same key before.

    Parameters
    ----------
    layer
        What the result is kept with.
    key
        Hashable: all that the result depends on beside the layer.
    make
        Makes the result.
    """
    # Beside the fields of the frozen layer, where functools.cached_property keeps its values.
    results: dict[Any, Result] = vars(layer).setdefault("_kept", {})
    if key not in results:
        results[key] = make()
    return results[key]
