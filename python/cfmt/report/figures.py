"""What all plots share: an off-screen figure, colours that the colour-blind can tell apart, and saving."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from cfmt.errors import MissingExtraError
from cfmt.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MethodStyle", "family_colours", "method_styles", "new_figure", "save_figure", "tidy"]

# Okabe and Ito's palette without its yellow, which is too faint on white
_BLACK, _ORANGE, _SKY, _GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
_BLUE, _VERMILLION, _PURPLE, _GREY = "#0072b2", "#d55e00", "#cc79a7", "#c8c8c8"
Dashes: TypeAlias = str | tuple[float, tuple[float, ...]]
"""A line style by matplotlib's name, or its offset and the lengths of dashes and gaps by turns."""

_DASHES: tuple[Dashes, ...] = ("-", "--", ":", "-.", (0, (4, 1, 1, 1, 1, 1)))


class MethodStyle(NamedTuple):
    """How a method is drawn."""

    colour: str
    dashes: Dashes
    width: float


def method_styles(names: Iterable[str]) -> dict[str, MethodStyle]:
    """Give each method a look of its own: FedAvg black, CFMT strong, the others in order.

    Parameters
    ----------
    names : iterable of str
        Methods in the order of the legend.

    Returns
    -------
    dict of str to MethodStyle
    """
    styles = {"fedavg": MethodStyle(_BLACK, "-", 1.4), "cfmt": MethodStyle(_VERMILLION, "-", 2.4)}
    colours = (_BLUE, _ORANGE, _GREEN, _PURPLE, _SKY)
    names = list(dict.fromkeys(names))
    for place, name in enumerate(name for name in names if name not in styles):
        dashes = _DASHES[place // len(colours) % len(_DASHES)]
        styles[name] = MethodStyle(colours[place % len(colours)], dashes, 1.4)
    return {name: styles[name] for name in names}


def family_colours(n_families: int) -> list[tuple[str, str]]:
    """Give each family a colour and a hatch, normal traffic (the first) a quiet grey.

    Parameters
    ----------
    n_families : int
        Normal traffic and the attack families.

    Returns
    -------
    list of tuple of str
        Colour and hatch of each.
    """
    colours = (_BLUE, _ORANGE, _GREEN, _VERMILLION, _PURPLE, _SKY)
    hatches = ("", "///", "...", "xxx")
    attacks = [(colours[i % 6], hatches[i // 6 % len(hatches)]) for i in range(n_families - 1)]
    return [(_GREY, ""), *attacks][:n_families]


def new_figure(width: float, height: float) -> Figure:
    """Make a figure that belongs to no window and no global state.

    Parameters
    ----------
    width, height : float
        In inches.

    Returns
    -------
    Figure

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plots need matplotlib: pip install 'cfmt[plots]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def tidy(axes: Axes, *, grid: Literal["x", "y"] = "y") -> None:
    """Take the frame's idle sides away and draw a faint grid of one axis behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)


def save_figure(
    figure: Figure, folder: Path, stem: str, *, kinds: Sequence[str] = ("png", "svg")
) -> list[Path]:
    """Write a figure in some formats, each whole or not at all.

    Parameters
    ----------
    figure : Figure
        What to write.
    folder : Path
        Where to.
    stem : str
        Name of the files without their suffix.
    kinds : sequence of str, default=("png", "svg")
        Suffixes of the formats.

    Returns
    -------
    list of Path
        The files, in the order of the formats.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    from matplotlib import rc_context

    paths = []
    for suffix in kinds:
        content = io.BytesIO()
        # neither date nor random ids: equal figures are equal files
        with rc_context({"svg.hashsalt": stem, "svg.fonttype": "none"}):
            figure.savefig(
                content, format=suffix, dpi=150, metadata={"Date": None} if suffix == "svg" else None
            )
        paths.append(folder / f"{stem}.{suffix}")
        drawn = content.getvalue()
        write_atomic(paths[-1], _rounded(drawn.decode()) if suffix == "svg" else drawn)
    return paths


def _rounded(svg: str) -> str:
    """Round coordinates to a tenth of a point, which no eye sees, and close up paths: half of a file."""

    def tenths(attribute: re.Match[str]) -> str:
        """Round the numbers of an attribute to tenths, and drop spaces about a path's letters."""
        short = re.sub(
            r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), attribute[0]
        )
        return re.sub(r"\s*([A-Zz])\s*", r"\1", short) if short.startswith(' d="') else short

    return re.sub(r' (?:d|x|y|transform)="[^"]*"', tenths, svg)
