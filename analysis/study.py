"""A study directory: what `fedorbit study` wrote of its runs, and which of them are there."""

import dataclasses
import json
import pathlib

from . import schema
from .results_file import Unreadable
from .run import Run
from .words import shown


@dataclasses.dataclass
class Entry:
    """One run of a study: its Run where it has finished, else why there is none."""

    name: str
    settings: dict  # {axis: value}
    repeats: dict  # {axis: value}
    run: Run | None = None
    why: str = ""


def is_study(place):
    return (pathlib.Path(place) / schema.STUDY_FILE).exists()


def _state(folder):
    """What a run that has not finished left, in words."""
    if not folder.exists():
        return "not begun"
    if (folder / schema.UNFINISHED_FILE).exists():
        return "not finished"
    failure = folder / schema.FAILURE_FILE
    return f"failed: {failure.read_text(errors='replace').strip().rstrip('.')}" if failure.exists() else "not finished"


def _find(entry, folder, options):
    if not (folder / schema.FILE).exists():
        entry.why = _state(folder)
        return
    try:
        run = Run(folder)
        for key, value in options.items():
            if run.options.get(key) != value:
                entry.why = f"the results of another study: {key} is {run.options.get(key)!r}, not {value!r}"
                return
        entry.run = run
    except Unreadable as problem:
        entry.why = str(problem).rstrip(".")


def runs_of(place):
    """The runs that the study names, in its order."""
    path = pathlib.Path(place) / schema.STUDY_FILE
    try:
        listed = json.loads(path.read_text())["runs"]
        entries = []
        for one in listed:
            entry = Entry(one["name"], one["settings"], one["repeats"])
            _find(entry, path.parent / one["name"], one["options"])
            entries.append(entry)
        return entries
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as cause:
        raise Unreadable(f"{shown(path)} is not a list of runs as `fedorbit study` writes it: {cause!r}.") from None
