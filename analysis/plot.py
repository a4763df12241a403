"""One picture of runs or of groups of runs: the panels for which they hold anything."""

import dataclasses
import os
import pathlib
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot

from . import absent, panels
from .describe import heading
from .palette import STYLE, literal
from .results_file import Unreadable
from .words import shown

FORMATS = ("png", "svg", "pdf")
# Inches of a column, and points of its letters.
COLUMNS = {"ieee": (3.5, 8), "ieee-two": (7.16, 8), "acm": (3.33, 8), "acm-two": (7.0, 8)}


def picture_format(target):
    ending = pathlib.Path(target).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        raise Unreadable(f"{shown(target)} is no picture that can be written: its name should end in .png, .svg or "
                         ".pdf.")
    return ending


def _sheet(count, column):
    """(figure, axes): two columns of panels on a page, or panels one above another in the column of a journal."""
    if column:
        width, _ = COLUMNS[column]
        side = 2 if width > 5 and count > 1 else 1
        rows = -(-count // side)
        figure, grid = pyplot.subplots(rows, side, figsize=(width, 0.6 + 2.3 * rows), layout="constrained",
                                       squeeze=False)
    else:
        side = 1 if count == 1 else 2 if count <= 4 else 3
        rows = -(-count // side)
        figure, grid = pyplot.subplots(rows, side, figsize=(1 + 5.6 * side, 0.9 + 3.9 * rows), layout="constrained",
                                       squeeze=False)
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    axes = list(grid.flat)
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def _explain(figure, handles, column):
    """The legend below the panels, in as many columns as fit; in a journal's rather smaller letters than one column."""
    points = COLUMNS[column][1] if column else pyplot.rcParams["font.size"]
    spaces = {"handlelength": 1.8, "columnspacing": 0.8, "handletextpad": 0.4} if column else {"handlelength": 2.5,
                                                                                            "columnspacing": 1.2}
    most = min(len(handles), 2 if len(figure.axes) == 1 and not column else 4)
    tries = [(columns, size) for size in ((points, points - 1) if column else (points,)) for columns in range(most, 1, -1)]
    for columns, size in [*tries, (1, points)]:
        legend = figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns, fontsize=size,
                               **spaces)
        if columns == 1 or legend.get_window_extent(figure.canvas.get_renderer()).width <= figure.bbox.width:
            break
        legend.remove()
    rows = -(-len(handles) // columns)
    line = legend.get_window_extent(figure.canvas.get_renderer()).height / figure.dpi / rows  # inches
    figure.set_figheight(figure.get_figheight() + line * max(0, rows - 3))  # for which a sheet has room


def _draw(groups, names, column):
    looks = panels.Looks(groups)
    figure, axes = _sheet(len(names), column)
    for place, name in zip(axes, names):
        panels.ALL[name](place, looks)
        if column:
            place.set_title("")  # a caption says it
    if looks.legend:
        _explain(figure, looks.legend, column)
    if not column:
        figure.suptitle(literal(heading(groups)), x=0.01, ha="left", fontsize=12, wrap=True)
    return figure


def _comparable(groups):
    """(groups, notes): a repeat that has not finished is left out where others have, since means would end with it."""
    kept, notes = [], []
    for group in groups:
        notes += [f"{group.label}, {repeat}: {why}." for repeat, why in group.missing.items()]
        finished = {repeat: run for repeat, run in group.repeats.items() if run.finished}
        if finished:
            notes += [f"{group.label}, {repeat}: not finished." for repeat in group.repeats if repeat not in finished]
            group = dataclasses.replace(group, repeats=finished)
        if group.repeats:
            kept.append(group)
    return kept, notes


def draw(groups, target, names=(), column=None):
    """Writes the picture and returns notes, each a sentence. A file that is there stays until the new one is whole."""
    kind = picture_format(target)
    groups, notes = _comparable(groups)
    style = STYLE | ({"font.size": COLUMNS[column][1], "axes.titlesize": COLUMNS[column][1]} if column else {})
    matplotlib.rcdefaults()  # pictures do not depend on a matplotlibrc of the user or of the current folder
    with pyplot.rc_context(style), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = absent.with_data(names or panels.ALL, groups) if groups else []
        if not found:
            raise Unreadable(absent.nothing(groups, names))
        figure = _draw(groups, found, column)
        part = f"{target}.part"
        undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)
        figure.savefig(part, format=kind, dpi=300 if column else "figure", metadata=undated)
        pyplot.close(figure)
        # Of panels that nobody asked for, that of virtual time alone needs what runs have only where they are told.
        notes += absent.left_out(groups, names or [name for name in found if name == "virtual"])
    os.replace(part, target)
    if any("missing from font" in str(warning.message) for warning in heard):
        notes.append("some characters of the names are boxes: the font of the picture has none for them.")
    return notes
