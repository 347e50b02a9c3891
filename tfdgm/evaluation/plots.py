"""Curves as PNG files. The figure is an object of its own: no pyplot, no display, no state that outlives it."""

import dataclasses
import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

_WIDTH, _HEIGHT, _LEGEND_WIDTH = 5.0, 3.6, 2.0  # inches, of one panel
_IMAGE_SIZE = 2.2  # inches
_DPI = 100
_STYLES = ("-", "--", ":")  # in turn, and the broken ones above: of curves that coincide, each is seen
_COLOURS = 10


@dataclasses.dataclass(frozen=True)
class Curve:
    """One line.

    Attributes:
      name: in the legend.
      x: [N].
      y: [N]; on a logarithmic axis, points that are not above 0 are left out.
      deviation: [N], the half width of a band about y, such as one over seeds; None draws none.
      labels: [N], beside the points, which are then marked; empty: none.
      joined: whether a line joins the points; if not, they are marked.
    """

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    deviation: Sequence[float] | np.ndarray | None = None
    labels: Sequence[str] = ()
    joined: bool = True


@dataclasses.dataclass(frozen=True)
class Panel:
    """One pair of axes, its legend to the right of it, where it covers nothing."""

    curves: Sequence[Curve]
    x_label: str
    y_label: str
    title: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclasses.dataclass(frozen=True)
class Image:
    """A function of the plane, dark where it is large.

    Attributes:
      values: [S, S], by x and by y, from -limit to limit.
      limit: of both axes.
      title: above it.
    """

    values: np.ndarray
    limit: float
    title: str


class _PlainFormatter(LogFormatter):
    """Labels where matplotlib puts them, as 0.2 and not 2e-01."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def line_plot(
    path: str,
    curves: Sequence[Curve],
    *,
    x_label: str,
    y_label: str,
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
) -> None:
    """Writes one panel of curves.

    Args:
      path: the PNG file; folders are made where needed.
      curves: at least one.
      x_label: with the unit.
      y_label: with the unit.
      title: above the axes.
      log_x: whether the axis is logarithmic.
      log_y: likewise.
    """
    panel_plot(path, [Panel(curves, x_label, y_label, title, log_x, log_y)])


def panel_plot(path: str, panels: Sequence[Panel], num_columns: int = 1) -> None:
    """Writes several panels, row by row: `path` as that of `line_plot`, `num_columns` panels across."""
    num_rows = -(-len(panels) // num_columns)
    figure = Figure(
        figsize=((_WIDTH + _LEGEND_WIDTH) * num_columns, _HEIGHT * num_rows), dpi=_DPI, layout="constrained"
    )
    axes = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    for panel, each in zip(panels, axes, strict=False):
        _draw(panel, each)
    for unused in axes[len(panels) :]:
        unused.axis("off")
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    figure.savefig(path, format="png")


def image_plot(path: str, images: Sequence[Image], num_columns: int, largest: float) -> None:
    """Writes several images, row by row; values from `largest` on are all as dark. The rest as in `panel_plot`."""
    num_rows = -(-len(images) // num_columns)
    figure = Figure(figsize=(_IMAGE_SIZE * num_columns, _IMAGE_SIZE * num_rows), dpi=_DPI, layout="constrained")
    axes = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    for each in axes:
        each.axis("off")
    for image, each in zip(images, axes, strict=False):
        extent = (-image.limit, image.limit) * 2
        each.imshow(image.values.T, cmap="Blues", vmin=0.0, vmax=largest, origin="lower", extent=extent)
        each.set_title(image.title, fontsize="small")
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    figure.savefig(path, format="png")


def _draw(panel: Panel, axes: Axes) -> None:
    for index, curve in enumerate(panel.curves):
        x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
        y = np.where(y > 0, y, np.nan) if panel.log_y else y
        colour, style = f"C{index % _COLOURS}", _STYLES[index % len(_STYLES)]
        level = 2 + index % len(_STYLES)
        drawn = {"linestyle": style, "linewidth": 1.5} if curve.joined else {"linestyle": "none", "marker": "o"}
        axes.plot(x, y, color=colour, zorder=level, label=curve.name, **drawn)
        if curve.labels:
            axes.plot(x, y, color=colour, linestyle="none", marker="o", markersize=4, zorder=level)
            for place, text in zip(zip(x, y, strict=True), curve.labels, strict=True):
                axes.annotate(text, place, textcoords="offset points", xytext=(4, 4), fontsize="x-small")
        if curve.deviation is not None:
            deviation = np.asarray(curve.deviation, float)
            axes.fill_between(x, y - deviation, y + deviation, color=colour, alpha=0.2, linewidth=0)
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label, title=panel.title)
    for is_log, set_scale, axis in (
        (panel.log_x, axes.set_xscale, axes.xaxis),
        (panel.log_y, axes.set_yscale, axes.yaxis),
    ):
        if is_log:
            set_scale("log")
            axis.set_major_formatter(_PlainFormatter())
            axis.set_minor_formatter(_PlainFormatter(minor_thresholds=(1.5, 0.5)))  # labels within a decade or so
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize="small")
