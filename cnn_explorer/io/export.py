"""Maps as files: pictures, contact sheets, arrays, and a manifest that says what they are.

An export is a full pass from the State, whatever the screen has computed, and is written all or
not at all. The same State and options give the same bytes wherever they are asked for.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from cnn_explorer import __version__
from cnn_explorer.core.addresses import Address, address_text
from cnn_explorer.core.blas import controller
from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.core.view import COLOUR_SCALES
from cnn_explorer.io.arrays import members_of, write_npz
from cnn_explorer.io.files import Stage, existing, staged
from cnn_explorer.io.manifest import manifest
from cnn_explorer.io.parts import Part, parts_of, written_as
from cnn_explorer.io.passes import Ranges, Source, measured, scales_of, source_of
from cnn_explorer.io.pictures import coloured, grey16, png
from cnn_explorer.io.sheets import Sheet, sheet_of
from cnn_explorer.io.stacks import ENDINGS as STACKS
from cnn_explorer.io.stacks import stacks_of

FORMATS = {
    "png": "a picture of each map, in colours",
    "png16": "a picture of each map, as 16-bit grey",
    "sheet": "a contact sheet of each layer",
    "npz": "all arrays in one file",
    "csv": "tables of maps, kernels and contributions",
    "tiff": "TIFF stacks of maps, kernels and contributions, float32",
}
"""What can be written, in words."""

LARGEST_SCALE = 32

_ENDINGS = {"png": ".png", "png16": "-16bit.png"}


class ExportError(ValueError):
    """What is asked for cannot be exported; the message is one sentence for the user."""


class FilesExistError(ExportError):
    """The export would overwrite files; `names` says which."""

    def __init__(self, folder: str | os.PathLike[str], names: tuple[str, ...]) -> None:
        self.names = names
        held = f"{len(names):,} of these files, {names[0]} first" if names[1:] else names[0]
        super().__init__(
            f"{os.fspath(folder)} already holds {held}; choose another folder or replace "
            f"{'them' if names[1:] else 'it'}."
        )


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how.

    Parameters
    ----------
    formats
        Some of `FORMATS`.
    scale
        Side, 1 to 32, of the square that a map's pixel becomes in pictures and, where it fits, in
        contact sheets.
    colour_map, contrast, colour_scale
        As on screen: of `COLOUR_MAPS`, `CONTRASTS` and `COLOUR_SCALES`. The greys of "png16" run
        over all values that share a scale.
    layers, selected, address_range, in_view
        Which maps, all without any of them: see `cnn_explorer.io.parts.parts_of`.

    Raises
    ------
    ExportError
        If a value is none of those.
    """

    formats: Sequence[str] = ("png",)
    scale: int = 8
    colour_map: str = "signed"
    contrast: int = 1
    colour_scale: str = "layer"
    layers: Sequence[int] | None = None
    selected: Address | None = None
    address_range: str | None = None
    in_view: Sequence[Sequence[Address]] | None = None

    def __post_init__(self) -> None:
        for name in self.formats or ("",):
            _check_choice("export format", name, FORMATS)
        if not 1 <= self.scale <= LARGEST_SCALE:
            raise ExportError(f"The scale is 1 to {LARGEST_SCALE}, not {self.scale}.")
        _check_choice("colour map", self.colour_map, COLOUR_MAPS)
        _check_choice("contrast", self.contrast, CONTRASTS)
        _check_choice("colour scale", self.colour_scale, COLOUR_SCALES)


def file_names(state: State, options: ExportOptions) -> tuple[str, ...]:
    """Name the files that an export writes, sorted.

    Raises
    ------
    ExportError
        If what is asked for is not there or is too much.
    """
    return tuple(sorted(("manifest.json", *_files(state, options, _parts(state, options)))))


def export(
    state: State,
    folder: str | os.PathLike[str],
    options: ExportOptions,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> tuple[str, ...]:
    """Compute the maps of a state and write them into a folder, all or nothing.

    Parameters
    ----------
    state
        The document.
    folder
        Where to write; it is made if it is not there.
    options
        What to write.
    overwrite
        Whether files of the same names are replaced. Others in the folder are left alone.
    progress
        Called with the step that begins, counted from 1, and how many there are; at most some
        thousand times.
    checkpoint
        Called at each step and between filters; whatever it raises, such as `Cancelled`, ends the
        export.

    Returns
    -------
    tuple of str
        Names of the files, sorted.

    Raises
    ------
    ExportError
        If what is asked for is not there or is too much, or (`FilesExistError`) would overwrite
        files. Nothing was computed.
    cnn_explorer.io.files.FolderError
        If the folder cannot be written to.
    cnn_explorer.io.files.FileError
        If writing fails, for example because the disk is full. The folder is as it was.
    """
    parts = _parts(state, options)
    files = _files(state, options, parts)
    names = tuple(sorted(("manifest.json", *files)))
    taken = existing(folder, names)
    if taken and not overwrite:
        raise FilesExistError(folder, taken)
    kinds = set(options.formats)
    total = sum(len(part.pool) + len(part.written) * len(kinds) for part in parts)
    step = _stepper(total, progress, checkpoint)
    display = {
        "scale": options.scale,
        "colour_map": options.colour_map,
        "contrast": options.contrast,
        "colour_scale": options.colour_scale,
    }
    # One thread: the order in which a product is summed, and so its last digit, depends on it.
    with staged(folder) as stage, controller().limit(limits=1, user_api="blas"):
        source = source_of(state, parts, checkpoint)
        ranges = [measured(part, source, step) for part in parts]
        for part in parts:
            if part.written and kinds & {*_ENDINGS, "sheet"}:
                _write_pictures(stage, state, options, part, source, ranges, step)
            for kind in [kind for kind in STACKS if part.written and kind in kinds]:
                for stack in stacks_of(state, part, source, step, checkpoint):
                    stage.write(stack.name + STACKS[kind], stack.data(kind))
        if "npz" in kinds:
            members = members_of(state, parts, source, step)
            stage.write("maps.npz", partial(write_npz, members=members))
        stage.write("manifest.json", manifest(state, parts, ranges, display, files))
    return names


def _write_pictures(
    stage: Stage,
    state: State,
    options: ExportOptions,
    part: Part,
    source: Source,
    ranges: Ranges,
    step: Callable[[], None],
) -> None:
    """Write the pictures and the contact sheet of a layer."""
    colours = COLOUR_MAPS[options.colour_map]
    scale_at = scales_of(ranges, options.colour_scale, colours, options.contrast)
    sheet = _sheet(state, options, part)
    canvas = sheet.blank() if "sheet" in options.formats else None
    about = {
        "Software": f"CNN Explorer {__version__}",
        "Scheme": state.scheme.value,
        "Layer": str(part.layer + 1),
    }
    names = {kind: _map_names(state, part, kind) for kind in _ENDINGS}
    maps = zip(part.written, source(part.layer, part.written), strict=True)
    for place, (address, values) in enumerate(maps):
        scale = scale_at(part.layer, address)
        pixels = coloured(values, colours, scale)
        least, most = ranges[part.layer][address]
        texts = about | {
            "Map": address_text(written_as(state, address)),
            "Least": repr(least),
            "Most": repr(most),
            "Scale": str(options.scale),
        }
        if "png" in options.formats:
            step()
            ends = {"Low": repr(scale.low), "High": repr(scale.high), "Colours": options.colour_map}
            stage.write(names["png"][place], png(pixels, texts | ends, options.scale))
        if "png16" in options.formats:
            step()
            ends = {
                "Low": repr(scale.least),
                "High": repr(scale.most),
                "Formula": "Low + (High - Low) * grey / 65535",
            }
            greys = grey16(values, scale.least, scale.most)
            stage.write(names["png16"][place], png(greys, texts | ends, options.scale))
        if canvas is not None:
            step()
            sheet.put(canvas, place, pixels, address_text(written_as(state, address)))
    if canvas is not None:
        stage.write(_sheet_name(part), png(canvas, about))


def _parts(state: State, options: ExportOptions) -> tuple[Part, ...]:
    try:
        return parts_of(
            state,
            layers=options.layers,
            selected=options.selected,
            address_range=options.address_range,
            in_view=options.in_view,
        )
    except ValueError as error:
        raise ExportError(str(error)) from None


def _files(
    state: State, options: ExportOptions, parts: Sequence[Part]
) -> dict[str, dict[str, Any]]:
    """For each file but the manifest, in the order of the names, what it holds."""
    files: dict[str, dict[str, Any]] = {}
    for part in parts:
        if not part.written:
            continue
        layer = {"layer": part.layer + 1}
        for kind in [kind for kind in _ENDINGS if kind in options.formats]:
            names = _map_names(state, part, kind)
            for name, address in zip(names, part.written, strict=True):
                files[name] = {
                    "format": kind,
                    **layer,
                    "map": address_text(written_as(state, address)),
                }
        for kind in [kind for kind in STACKS if kind in options.formats]:
            try:
                stacks = stacks_of(state, part)
            except ValueError as error:
                raise ExportError(str(error)) from None
            files |= {stack.name + STACKS[kind]: {"format": kind, **layer} for stack in stacks}
        if "sheet" in options.formats:
            sheet = _sheet(state, options, part)
            seen = {"scale": sheet.scale, "every": sheet.every}
            files[_sheet_name(part)] = {"format": "sheet", **layer, **seen}
    if "npz" in options.formats:
        files["maps.npz"] = {"format": "npz"}
    return dict(sorted(files.items()))


def _map_names(state: State, part: Part, kind: str) -> list[str]:
    """``layer1-map03.png``, or ``layer2-map3.05.png`` in Naive; names sort as the maps do."""
    numbers = [written_as(state, address) for address in part.written]
    layers = state.network.layers[: part.layer + 1]
    counts = [layer.out_channels for layer in layers if isinstance(layer, Conv2d)]
    if state.scheme is not ChannelScheme.NAIVE or not counts:
        counts = [layers[-1].out_channels]
    number = ".".join(f"{{:0{len(str(count - 1))}}}" for count in counts)
    form = f"layer{part.layer + 1}-map{number}{_ENDINGS[kind]}"
    return [form.format(*parts) for parts in numbers]


def _sheet_name(part: Part) -> str:
    return f"layer{part.layer + 1}-sheet.png"


def _sheet(state: State, options: ExportOptions, part: Part) -> Sheet:
    numbers = [written_as(state, address) for address in part.written]
    return sheet_of(numbers, state.network.sizes[part.layer + 1], options.scale)


def _stepper(
    total: int,
    progress: Callable[[int, int], None] | None,
    checkpoint: Callable[[], None] | None,
) -> Callable[[], None]:
    """A function to call before each step: it lets the export be cancelled, and tells how far."""
    done = 0

    def step() -> None:
        nonlocal done
        if checkpoint is not None:
            checkpoint()
        done += 1
        # A slow listener is not buried: each call is at least a thousandth.
        if progress is not None and done * 1000 // total > (done - 1) * 1000 // total:
            progress(done, total)

    return step


def _check_choice(what: str, value: object, choices: Collection[Any]) -> None:
    if value not in choices:
        known = ", ".join(map(str, choices))
        raise ExportError(f"There is no {what} “{value}”; choose from {known}.")
