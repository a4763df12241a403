"""Which panels runs have anything for, and in sentences what a picture lacks."""

import matplotlib.pyplot as pyplot

from . import panels, schema


def with_data(names, groups):
    """The panels that have something to draw, found by drawing them on a sheet that is thrown away."""
    sheet, axes = pyplot.subplots()
    found = []
    for name in names:
        axes.clear()
        if panels.ALL[name](axes, panels.Looks(groups)):
            found.append(name)
    pyplot.close(sheet)
    return found


def _untimed(group):
    """Whether it has rounds, but no seconds that they take in a federation."""
    return any(len(run.rounds[schema.Rounds.ROUND]) and run.virtual_seconds_until([0]) is None for run in group.runs)


def _absence(group, panel):
    name = group.runs[0].name
    who = group.label if len(group.runs) > 1 or name == group.label else f"{group.label} ({name})"
    if panel == "virtual" and _untimed(group):
        return f"{who} has no seconds of a federation, for links.step_seconds was not said."
    return f"{who} has nothing for the panel {panel}."


def left_out(groups, names):
    """A sentence for each group of which a panel has nothing."""
    return [_absence(group, name) for name in names for group in groups if not with_data([name], [group])]


def nothing(groups, names):
    """Why there is no picture."""
    if list(names) == ["virtual"] and groups and all(map(_untimed, groups)):
        return f"there is nothing to draw: {_absence(groups[0], 'virtual')}"
    yet = "" if groups and all(run.finished for group in groups for run in group.runs) else " yet"
    return (f"there is nothing to draw{yet}: the runs hold no scores and no seconds"
            + (f" for {', '.join(names)}." if names else "."))
