"""Maps as PNG files, in colours or as 16-bit grey that holds the values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import ColourMap, Scale, colour

Pixels = npt.NDArray[np.uint32]
"""Shape (rows, columns): what Qt calls RGB32."""

Greys = npt.NDArray[np.uint16]
"""Shape (rows, columns): 0 is black, 65535 is white."""

GREY_STEPS = 65535

_DOTS_PER_METRE = 3780  # 96 an inch; left alone, Qt would write those of the screen


def coloured(values: Array, colours: ColourMap, scale: Scale) -> Pixels:
    """Colour a map as the screen does.

    Parameters
    ----------
    values
        float32, shape (rows, columns).
    colours, scale
        Which colours, over which range.
    """
    return colour(values, colours, scale).view(np.uint32)[..., 0]


def grey16(values: Array, low: float, high: float) -> Greys:
    """Turn values into 16-bit greys; ``low + (high - low) * grey / 65535`` is the value again.

    Parameters
    ----------
    values
        float32, shape (rows, columns), `low` to `high`. Not-a-number becomes `low`.
    low, high
        Values of black and white. Where they are equal all is black.
    """
    if not high > low:
        return np.zeros(values.shape, np.uint16)
    share = (values.astype(np.float64) - low) / (high - low)
    share = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(share, 0.0, 1.0) * GREY_STEPS).astype(np.uint16)


def png(pixels: Pixels | Greys, texts: Mapping[str, str], scale: int = 1) -> bytes:
    """Encode a picture as a PNG file.

    Parameters
    ----------
    pixels
        The picture.
    texts
        Text keys of the file: short names in Latin letters, each with its text.
    scale
        Each pixel becomes a square of this side.

    Returns
    -------
    bytes
        The file. The same arguments give the same bytes.
    """
    large: npt.NDArray[Any] = pixels if scale == 1 else pixels.repeat(scale, 0).repeat(scale, 1)
    large = np.ascontiguousarray(large)
    grey = pixels.dtype == np.uint16
    image = QImage(
        large.data,
        large.shape[1],
        large.shape[0],
        large.strides[0],
        QImage.Format.Format_Grayscale16 if grey else QImage.Format.Format_RGB32,
    )
    image.setDotsPerMeterX(_DOTS_PER_METRE)
    image.setDotsPerMeterY(_DOTS_PER_METRE)
    for key, text in texts.items():
        image.setText(key, text)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise MemoryError("Qt could not encode a picture.")
    return bytes(buffer.data().data())
