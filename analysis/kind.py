"""What a results file is of: a run, or another subcommand that writes such files."""

from . import schema
from .results_file import Unreadable, open_file
from .words import shown

RUN, LINKS, BENCH = "a run", "`fedorbit links`", "`fedorbit bench-comm`"


def kind(path):
    with open_file(path) as file:
        if schema.Bandwidths.GROUP in file:
            return BENCH
        return LINKS if schema.VirtualTurns.GROUP in file and schema.Rounds.GROUP not in file else RUN


def require_run(path):
    if (of := kind(path)) != RUN:
        raise Unreadable(f"{shown(path)} is a file of {of}, not of a run: `analysis/report summary` shows what it holds.")
