"""Rows of more ranks than there were, from the groups of clients as one run timed them and the sum as bench-comm did."""

import dataclasses
import math
import pathlib

import numpy

from . import schema
from .kind import BENCH, kind
from .results_file import Unreadable, open_file, read_table, text
from .speed import Row, measured, parts
from .words import counted, percent, shown

OF_FEATURES = ("prompt", "dual_prompt", "fedclip", "linear")  # the learners that train on no images


@dataclasses.dataclass
class Model:
    """Seconds of a sum of so many bytes between so many ranks: latency + bytes / rate."""

    ranks: int
    latency: float
    rate: float
    error: float = 0.0  # relative, of the fit


def all_reduce_model(path):
    """The Model that bench-comm fitted to exact sums."""
    path = pathlib.Path(path)
    if path.is_dir() or path.exists() and kind(path) != BENCH:
        raise Unreadable(f"{shown(path)} is {'a folder' if path.is_dir() else f'a file of {kind(path)}'}: --bench names a file "
                         f"of {BENCH}, which `mpirun -n 2 fedorbit bench-comm -o FILE` writes.")
    with open_file(path) as file:
        models, names = read_table(file, schema.LinkModels.GROUP), schema.LinkModels
        ranks = int(text(file.attrs.get(schema.Attribute.RANKS, "1")))
    mine = (models[names.COLLECTIVE] == "all_reduce") & (models[names.TYPE] == "int64")
    if not mine.any() or ranks < 2:
        raise Unreadable(f"{shown(path)} has no model of all_reduce on two ranks or more: `mpirun -n 2 fedorbit bench-comm "
                         "-o FILE` measures one.")
    latency, rate, error = (float(models[name][mine][0]) for name in (names.LATENCY, names.RATE, names.ERROR))
    if not (0 < latency < math.inf and 0 < rate < math.inf):
        raise Unreadable(f"{shown(path)}: the model of all_reduce has a latency of {latency:g} s and a rate of {rate:g} "
                         "bytes a second, where both are above 0 and finite: measure more and larger sizes, more calls of each, or on a "
                         "quieter machine.")
    return Model(ranks, latency, rate, error)


def _longest(costs, ranks):
    """The busiest rank's seconds where the longest group goes first to the rank that has least, as runs place them."""
    busy = [0.0] * min(ranks, max(1, len(costs)))
    for cost in sorted(costs, reverse=True):
        place = min(range(len(busy)), key=busy.__getitem__)
        busy[place] += cost
    return max(busy)


def _group_size(options, cohort, ranks):
    """How many clients of a cohort train together (clients_together() of src/federation/placement.hpp)."""
    size = int(options["training.group_size"])
    parted = ((options["machine.device"], options["machine.threads"], options["engine.precision"]) == ("cpu", 1, "float32")
              and options["engine.kind"] != "reference" and not options["engine.live_images"]
              and options["method.learner"] in OF_FEATURES)
    return min(size, max(1, math.ceil(cohort / ranks))) if parted else size


def _groups_of_rounds(run, ranks):
    """Seconds of each group of clients that would train together, by round: clients in their order, so many at a time."""
    names = schema.Turns
    for number in numpy.unique(run.turns[names.ROUND]):
        mine = run.turns[names.ROUND] == number
        seconds = run.turns[names.SECONDS][mine][numpy.argsort(run.turns[names.CLIENT][mine])]
        size = _group_size(run.options, len(seconds), ranks)
        yield [seconds[first:first + size].sum() for first in range(0, len(seconds), size)]


def most_groups(run):
    """How many groups a round has at most, however many ranks there are."""
    _, cohorts = numpy.unique(run.turns[schema.Turns.ROUND], return_counts=True)
    return max(math.ceil(cohort / _group_size(run.options, cohort, cohort)) for cohort in cohorts)


def projected(run, model, ranks):
    """A Row of `ranks` from two on: the groups of each round placed anew, what the root does alone as it was, and the
    round's sum over a tree of such links: latency grows with the tree's depth, bytes with what crosses each link of a ring."""
    base, rounds = measured(run), len(run.rounds[schema.Rounds.ROUND])
    training, _, overhead = parts(run)
    timed = run.turns[schema.Turns.SECONDS].sum() / rounds
    beside = training.sum() / timed  # what training takes between turns goes with them
    longest = beside * numpy.mean([_longest(costs, ranks) for costs in _groups_of_rounds(run, ranks)])
    mean = beside * timed / ranks
    names, moves = schema.Transport, run.transport
    sums = (moves[names.PHASE] == "sum") & (moves[names.RANK] == 0) & (moves[names.COLLECTIVE] == "all_reduce")
    sums &= moves[names.ROUND] != schema.BEFORE_ROUNDS
    moved, took = (moves[column][sums].sum() / rounds for column in (names.BYTES, names.TRANSFER))
    crossing = ((ranks - 1) / ranks) / ((model.ranks - 1) / model.ranks)
    transfer = model.latency * math.log2(ranks) / math.log2(model.ranks) + moved * crossing / model.rate
    alone = overhead[0] - took + transfer
    seconds = longest + alone
    return Row(ranks, base.clients, seconds, base.steps, mean / seconds, (longest - mean) / seconds, alone / seconds,
               projected=True)


def limits(run, model):
    """What projected rows hold and what not, as a sentence."""
    groups = most_groups(run)
    return (f"Projected rows hold groups of clients as timed on {counted(measured(run).ranks, 'rank')} (of a parted group its "
            f"clients' shares), the root's own work as there, sums by bench-comm's model (fitted on {model.ranks} ranks, "
            f"within {percent(model.error)}) and no contention for memory, which slows measured rows; from "
            f"{counted(groups, 'rank')} on groups are as many as clients allow ({groups}), and further ranks wait.")
