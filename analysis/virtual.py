"""Tables on the terminal of what messages and steps take in a real federation: of `fedorbit links`, and of runs whose
schedule goes by it."""

import numpy
from rich.table import Table

from . import schema
from .results_file import open_file, read_table
from .words import fixed, human_bytes, significant, time_unit

LEAST = 0.0005  # seconds: what is less is shown as nothing


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


def _median_round(turns, rounds):
    """Whose report came last in the round of median length (of two the shorter), and what that client's turn was made of."""
    of_turns, of_rounds = schema.VirtualTurns, schema.VirtualRounds
    table = Table(title="The median round, and its slowest client", title_justify="left", caption_justify="left")
    for name in ("round", "took s", "client", "download s", "without contact s", "training s", "upload s", "its turn s"):
        table.add_column(name, justify="right")
    order = numpy.argsort(rounds[of_rounds.SECONDS], kind="stable")
    for place in order[(len(order) - 1) // 2:][:1]:
        number, client, start, took = (rounds[column][place] for column in (of_rounds.ROUND, of_rounds.SLOWEST, of_rounds.START,
                                                                            of_rounds.SECONDS))
        mine = (turns[of_turns.ROUND] == number) & (turns[of_turns.CLIENT] == client)
        for turn in numpy.flatnonzero(mine & (turns[of_turns.OUTCOME] == schema.COUNTED))[:1]:
            download, training, upload, before, within, sent = (turns[column][turn] for column in (
                of_turns.DOWNLOAD, of_turns.TRAINING, of_turns.UPLOAD, of_turns.DOWNLOAD_WAITING, of_turns.UPLOAD_WAITING,
                of_turns.START))
            whole = download + training + upload + before + within
            parts = (download, before + within, training, upload, whole)
            table.add_row(str(number), fixed(took, 3), str(client), *(fixed(part, 3) for part in parts))
            early, late = start - sent, start + took - sent - whole
            begun = f"its turn began {fixed(early, 3)} s before the round" if early > LEAST else ""
            went_on = f"the round went on for {fixed(late, 3)} s, until its time was over or for reports that never came"
            table.caption = "\n".join(filter(None, (begun, went_on if late > LEAST else ""))) or None
    return table


def tables(path):
    """None of a run whose rounds are simply of whole cohorts."""
    with open_file(path) as file:
        if schema.VirtualTurns.GROUP not in file:
            return []
        turns, rounds = read_table(file, schema.VirtualTurns.GROUP), read_table(file, schema.VirtualRounds.GROUP)
    return [table for table in (_time(rounds), _median_round(turns, rounds), _turns(turns)) if table.row_count]
