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
    def kept(layer: Layer, *rest: *Rest) -> Result:
        # Beside the fields of the frozen layer, where functools.cached_property keeps its values.
        results: dict[Any, Result] = vars(layer).setdefault("_kept", {})
        key = (function, *rest)
        if key not in results:
            results[key] = function(layer, *rest)
        return results[key]

    return kept
