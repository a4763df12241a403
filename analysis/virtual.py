"""Tables on the terminal of what messages and steps take in a real federation: of `fedorbit links`, and of runs whose
schedule goes by it."""

import numpy
from rich.table import Table

from . import schema
from .results_file import open_file, read_table
from .words import fixed, human_bytes, significant, time_unit


def _time(rounds):
    """How long rounds took, and how many there are in a day."""
    names = schema.VirtualRounds
    table = Table(title="Virtual time", title_justify="left")
    for name in ("rounds", "seconds", "that is", "rounds a day", "median round s", "longest round s"):
        table.add_column(name, justify="right")
    seconds = rounds[names.SECONDS]
    if len(seconds):
        end = rounds[names.START][-1] + seconds[-1]
        unit, size = time_unit(end)
        a_day = significant(86400 * len(seconds) / end) if end > 0 else "-"
        table.add_row(str(len(seconds)), fixed(end, 1), f"{fixed(end / size, 1)} {unit}", a_day,
                      fixed(numpy.median(seconds), 3), fixed(seconds.max(), 3))
    return table


def _turns(turns):
    """What became of clients that were sent the model, and the means of their seconds."""
    names = schema.VirtualTurns
    table = Table(title="Clients that were sent the model", title_justify="left")
    for name in ("outcome", "clients", "downloaded", "download s", "training s", "upload s", "without contact s"):
        table.add_column(name, justify="left" if name == "outcome" else "right")
    for outcome in sorted(set(turns[names.OUTCOME])):
        mine = turns[names.OUTCOME] == outcome
        parts = (turns[names.DOWNLOAD], turns[names.TRAINING], turns[names.UPLOAD],
                 turns[names.DOWNLOAD_WAITING] + turns[names.UPLOAD_WAITING])
        table.add_row(outcome, f"{mine.sum():,}", human_bytes(int(turns[names.BYTES][mine].sum())),
                      *(fixed(part[mine].mean(), 3) for part in parts))
    return table


def tables(path):
    """None of a run whose rounds are simply of whole cohorts."""
    with open_file(path) as file:
        if schema.VirtualTurns.GROUP not in file:
            return []
        turns, rounds = read_table(file, schema.VirtualTurns.GROUP), read_table(file, schema.VirtualRounds.GROUP)
    return [table for table in (_time(rounds), _turns(turns)) if table.row_count]
