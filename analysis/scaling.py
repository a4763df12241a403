"""How runs scale over ranks, measured; and, marked as such, projected to more ranks than there were.

Strong and weak scaling are one measure: a client's local steps of all clients in a second, of which each rank of a perfect
machine does as many as a rank of the run with the fewest."""

import dataclasses

from .groups import RANKS, STUDY
from .projection import limits, projected
from .results_file import Unreadable
from .speed import measured
from .words import counted, listed

MAY_DIFFER = {RANKS, STUDY, "name", "partition.clients", "synthetic.per_class"}


def _on_one_number_of_ranks(groups):
    """(finished runs, notes): a run that went on on another number of ranks is neither's."""
    kept, notes = [], []
    for run in (run for group in groups for run in group.runs if run.finished):
        if len(run.rank_counts) > 1:
            shares = listed(f"{counted(rounds, 'round')} on {counted(ranks, 'rank')}"
                            for ranks, rounds in run.rank_counts.items())
            notes.append(f"{run.name} is left out: it trained {shares}.")
        else:
            kept.append(run)
    if not kept:
        raise Unreadable(" ".join(["there is no finished run on one number of ranks to measure.", *notes]))
    return kept, notes


def _remarks(rows):
    """What may be read wrongly in measured rows."""
    remarks = []
    if len({row.ranks for row in rows}) == 1:
        remarks.append(f"All that was measured ran on {counted(rows[0].ranks, 'rank')}: efficiency is of the first row, which "
                       "is 100 % of itself, and says nothing of other numbers of ranks.")
    above = [f"{counted(row.clients, 'client')} on {counted(row.ranks, 'rank')}" for row in rows if row.efficiency > 1.0005]
    if above:
        remarks.append(f"Efficiency above 100 % ({listed(above)}): a rank took more steps in a second than one of the first row, "
                       "of which efficiency is a share; larger groups, caches, or other work beside the first row may be why.")
    return remarks


def rows(groups, model=None, up_to=0):
    """(rows, notes): measured ones by ranks, and projected ones of the run with the fewest ranks, at powers of two."""
    differing = {key for group in groups for key in group.settings} - MAY_DIFFER
    if differing:
        raise Unreadable(f"runs that scale differ in ranks and clients alone; these differ in {', '.join(sorted(differing))}.")
    runs, notes = _on_one_number_of_ranks(groups)
    found = sorted(((measured(run), run) for run in runs), key=lambda pair: (pair[0].ranks, pair[0].clients))
    all_rows, fewest = [row for row, _ in found], found[0][1]
    power = all_rows[-1].ranks * 2
    while model and power <= up_to:
        all_rows.append(projected(fewest, model, power))
        power *= 2
    first = all_rows[0].steps / all_rows[0].seconds / all_rows[0].ranks
    all_rows = [dataclasses.replace(row, efficiency=row.steps / row.seconds / row.ranks / first) for row in all_rows]
    notes += _remarks([row for row in all_rows if not row.projected])
    return all_rows, notes + ([limits(fewest, model)] if all_rows[-1].projected else [])
