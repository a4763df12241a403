"""Tables of groups of runs: what was reached, with its spread over repeats, beside what it cost."""

import dataclasses
import difflib

from .cells import cell, mark_best, paired
from .groups import keys_in_order, telling_keys
from .measures import MEASURES, USUAL
from .results_file import Unreadable
from .settings import setting_in_words
from .words import counted


@dataclasses.dataclass
class Grid:
    """Headings, rows of (names, cells), and notes; `columns` says by which measure each column of cells is written."""

    names: list
    headings: list
    columns: list
    rows: list
    notes: list


def _nearest(word, known):
    close = difflib.get_close_matches(word, known, 1, 0)
    return close[0] if close else "none"


def _axes_known(groups):
    return keys_in_order({key for group in groups for key in group.settings})


def _check(axes, known):
    for axis in axes:
        if axis not in known:
            raise Unreadable(f"there is no axis {axis} in which these runs differ"
                             + (f"; the nearest is {_nearest(axis, known)}, all are {', '.join(known)}."
                                if known else "."))


def _missing_notes(groups):
    notes = []
    for group in groups:
        for repeat, why in group.missing.items():
            notes.append(f"{group.label}, {repeat}: {why}.")
        for repeat, run in group.repeats.items():
            if not run.finished:
                notes.append(f"{group.label}, {repeat}: not finished.")
    return notes


def _number_notes(groups, measures):
    """Finished runs in which a measure that others of its group have is no number."""
    notes = []
    for group in groups:
        for measure in measures:
            found = {repeat: measure.find(run) for repeat, run in group.repeats.items() if run.finished}
            absent = [repeat for repeat, value in found.items() if value != value]
            if absent and len(absent) < len(found):
                notes.append(f"{group.label}, {', '.join(absent)}: {measure.heading} is no number.")
    return notes


def _count_words(group, cells):
    """How many repeats stand behind a row: "3", or "2 of 3"."""
    there, named = max((one.count for one in cells), default=0), len(group.repeats) + len(group.missing)
    return str(named) if there == named else f"{there} of {named}"


def by_measure(groups, rows, values):
    """A row for each group, a column for each measure, and the paired difference of the first from the best row."""
    keys = telling_keys([group.settings for group in groups], rows)
    measures = [MEASURES[value] for value in values]
    table = [[cell(group, measure) for measure in measures] for group in groups]
    kept = [i for i, value in enumerate(values) if any(row[i].values for row in table)] or [0]
    for i in kept:
        if values[i] in ("global", "personal", "of-probe", "loss"):
            mark_best([row[i] for row in table], measures[i].better)
    best = next((row[kept[0]] for row in table if row[kept[0]].mark == "best"), None)
    grid = Grid(_headings(keys) or ["runs"], [measures[i].heading for i in kept] + ["repeats"],
                [measures[i] for i in kept] + [None], [], _missing_notes(groups) + _number_notes(groups, measures))
    with_pairs = best is not None and any(paired(row[kept[0]], best) for row in table if row[kept[0]] is not best)
    if with_pairs:
        grid.headings.insert(-1, f"{measures[kept[0]].heading}, to the best")
        grid.columns.insert(-1, measures[kept[0]])
        grid.notes.append("to the best: the mean difference from the best row, seed by seed.")
    for group, row in zip(groups, table):
        names = list(_words(group, keys)) or [group.label]
        cells = [row[i] for i in kept]
        if with_pairs:
            cells.append(paired(row[kept[0]], best) if row[kept[0]] is not best else None)
        grid.rows.append((names, cells + [_count_words(group, [row[i] for i in kept])]))
    return grid


def _place(group, axes):
    """The group's settings of some axes: two that are written alike are told apart."""
    return tuple(repr(group.settings.get(key)) for key in axes)


def _words(group, axes):
    return tuple(setting_in_words(key, group.settings[key]) if key in group.settings else "" for key in axes)


def _headings(keys):
    """The last words of the keys, whole keys where those of two are alike: "upload codec", "download codec"."""
    short = [key.rpartition(".")[2] for key in keys]
    return [(key.replace(".", " ") if short.count(last) > 1 else last).replace("_", " ") for key, last in zip(keys, short)]


def by_axis(groups, rows, columns, values):
    """A row for each setting of some axes, a column for each setting of others, and of each measure where there are several."""
    keys = [key for key in telling_keys([group.settings for group in groups], [*rows, *columns]) if key not in columns]
    measures = [MEASURES[value] for value in values]
    across, down = ({_place(group, axes): _words(group, axes) for group in groups} for axes in (columns, keys))
    cells = {(_place(group, keys), _place(group, columns), i): cell(group, measure)
             for group in groups for i, measure in enumerate(measures)}
    pairs = [(column, i) for i in range(len(measures)) for column in across]
    for column, i in pairs:
        mark_best([cells[row, column, i] for row in down if (row, column, i) in cells], measures[i].better)
    which = " and ".join(_headings(columns))
    grid = Grid(_headings(keys) or ["runs"],
                [", ".join([*across[column], *([measures[i].heading] if len(measures) > 1 else [])]) for column, i in pairs],
                [measures[i] for _, i in pairs], [],
                [f"{measures[0].heading}, by {which}." if len(measures) == 1 else f"by {which}."]
                + _missing_notes(groups) + _number_notes(groups, measures))
    for row, words in down.items():
        grid.rows.append((list(words) or ["all"], [cells.get((row, column, i)) for column, i in pairs]))
    counts = {one.count for one in cells.values()}
    repeats = counted(counts.pop(), "repeat") if len(counts) == 1 else f"{min(counts)} to {max(counts)} repeats"
    grid.notes.append(f"{repeats} in a cell.")
    return grid


def _in_order(groups, axes):
    """Groups of one setting of the first axis stand together, within them those of the next: settings as they first came."""
    def ranks(axis):
        places = {}
        return [places.setdefault(place, len(places)) for place in (_place(group, [axis]) for group in groups)]

    ranked = zip(zip(*map(ranks, axes)), groups) if axes else ()
    return [group for _, group in sorted(ranked, key=lambda pair: pair[0])] or groups


def table(groups, rows=(), columns=(), values=()):
    """The Grid of groups of runs. `rows` and `columns` are axes in which they differ; an axis named in neither that is
    needed to tell groups apart becomes a further row, for settings are never averaged."""
    known = _axes_known(groups)
    _check([*rows, *columns], known)
    for value in values:
        if value not in MEASURES:
            raise Unreadable(f"there is no score {value}; the nearest is {_nearest(value, list(MEASURES))}, all are "
                             f"{', '.join(MEASURES)}.")
    if not groups:
        raise Unreadable("there is no run to show.")
    groups = _in_order(groups, rows)
    if columns:
        return by_axis(groups, rows, columns, values or ["global"])
    return by_measure(groups, rows, values or USUAL)
