"""How runs scale over ranks, measured; and, marked as such, projected to more ranks than there were.

Strong and weak scaling are one measure: a client's local steps of all clients in a second, of which each rank of a perfect
machine does as many as a rank of the run with the fewest."""

import dataclasses
import math
import pathlib

import numpy

from . import schema
from .groups import RANKS, STUDY
from .kind import BENCH, kind
from .results_file import Unreadable, open_file, read_table, text
from .words import shown


@dataclasses.dataclass
class Row:
    """Seconds are of a round; shares are of them, in the mean of ranks."""

    ranks: int
    clients: int
    seconds: float
    steps: float  # local steps of all clients in a round
    training: float = math.nan
    waiting: float = math.nan
    overhead: float = math.nan  # neither training, evaluation nor waiting
    efficiency: float = math.nan
    projected: bool = False


def measured(run):
    """The Row of one run, of which evaluations are left out."""
    ranks, phases = run.phase_seconds()
    rounds = len(run.rounds[schema.Rounds.ROUND])
    if not rounds or not len(ranks):
        raise Unreadable(f"{run.name} has no round, so that nothing can be said of its speed.")
    judged = phases.get("evaluation", (numpy.zeros(len(ranks)),) * 3)[0]
    seconds = (run.rounds[schema.Rounds.TOTAL].sum() - judged[0]) / rounds
    trained = phases["training"][0].mean() / rounds
    waited = sum(waiting.mean() for phase, (_, waiting, _) in phases.items() if phase != "evaluation") / rounds
    return Row(int(run.attributes.get(schema.Attribute.RANKS, 1)), len(run.clients[schema.Clients.CLIENT]), seconds,
               run.turns[schema.Turns.STEPS].sum() / rounds, trained / seconds, waited / seconds,
               max(0.0, seconds - trained - waited) / seconds)


def _longest(costs, ranks):
    """The busiest rank's seconds where the longest group goes first to the rank that has least, as runs place them."""
    busy = [0.0] * min(ranks, max(1, len(costs)))
    for cost in sorted(costs, reverse=True):
        place = min(range(len(busy)), key=busy.__getitem__)
        busy[place] += cost
    return max(busy)


def _groups_of_rounds(run, ranks):
    """Seconds of each group of clients that would train together, by round: clients in their order, so many at a time, and
    on one thread of a CPU in float32 no more than leave every rank some."""
    names, size = schema.Turns, int(run.options["training.group_size"])
    options = run.options
    if (options["machine.device"], options["machine.threads"], options["engine.precision"]) == ("cpu", 1, "float32"):
        cohort = len(run.turns[names.ROUND]) / len(run.rounds[schema.Rounds.ROUND])
        size = min(size, math.ceil(cohort / ranks))
    for number in numpy.unique(run.turns[names.ROUND]):
        mine = run.turns[names.ROUND] == number
        seconds = run.turns[names.SECONDS][mine][numpy.argsort(run.turns[names.CLIENT][mine])]
        yield [seconds[first:first + size].sum() for first in range(0, len(seconds), size)]


def all_reduce_model(path):
    """(ranks, latency, rate) that bench-comm fitted to exact sums."""
    path = pathlib.Path(path)
    if path.is_dir() or path.exists() and kind(path) != BENCH:
        raise Unreadable(f"{shown(path)} is {'a folder' if path.is_dir() else f'a file of {kind(path)}'}: --bench names a file "
                         f"of {BENCH}, which `mpirun -n 2 fedorbit bench-comm -o FILE` writes.")
    with open_file(path) as file:
        models, names = read_table(file, schema.LinkModels.GROUP), schema.LinkModels
        ranks = int(text(file.attrs.get(schema.Attribute.RANKS, "1")))
    mine = (models[names.COLLECTIVE] == "all_reduce") & (models[names.TYPE] == "int64")
    if not mine.any() or ranks < 2:
        raise Unreadable(f"{shown(path)} has no model of all_reduce on two ranks or more: `mpirun -n 2 fedorbit bench-comm -o "
                         "FILE` measures one.")
    return ranks, float(models[names.LATENCY][mine][0]), float(models[names.RATE][mine][0])


def projected(run, model, ranks):
    """A Row of more ranks than there were: the groups of each round as this run timed them, placed anew, and its sum over a
    tree of such links. Latency grows with the tree's depth, bytes with what crosses each link of a ring. What the root does
    alone stays."""
    at, latency, rate = model
    base = measured(run)
    training = numpy.mean([_longest(costs, ranks) for costs in _groups_of_rounds(run, ranks)])
    mean = run.turns[schema.Turns.SECONDS].sum() / len(run.rounds[schema.Rounds.ROUND]) / ranks
    names, moves = schema.Transport, run.transport
    sums = (moves[names.PHASE] == "sum") & (moves[names.RANK] == 0) & (moves[names.COLLECTIVE] == "all_reduce")
    moved = moves[names.BYTES][sums].sum() / len(run.rounds[schema.Rounds.ROUND])
    crossing = ((ranks - 1) / ranks) / ((at - 1) / at)
    transfer = latency * math.log2(ranks) / math.log2(at) + moved * crossing / rate if ranks > 1 else 0.0
    overhead = base.overhead * base.seconds + transfer
    seconds = training + overhead
    return Row(ranks, base.clients, seconds, base.steps, mean / seconds, (training - mean) / seconds, overhead / seconds,
               projected=True)


def rows(groups, model=None, up_to=0):
    """Measured rows by ranks, and projected ones of the run with the fewest ranks, at powers of two."""
    runs = [run for group in groups for run in group.runs if run.finished]
    if not runs:
        raise Unreadable("there is no finished run to measure.")
    differing = {key for group in groups for key in group.settings} - {RANKS, STUDY, "name", "partition.clients",
                                                                      "synthetic.per_class"}
    if differing:
        raise Unreadable(f"runs that scale differ in ranks and clients alone; these differ in {', '.join(sorted(differing))}.")
    found = [measured(run) for run in runs]
    runs = [run for _, run in sorted(zip(found, runs), key=lambda pair: (pair[0].ranks, pair[0].clients))]
    found.sort(key=lambda row: (row.ranks, row.clients))
    power = found[-1].ranks * 2
    while model and power <= up_to:
        found.append(projected(runs[0], model, power))
        power *= 2
    first = found[0].steps / found[0].seconds / found[0].ranks
    return [dataclasses.replace(row, efficiency=row.steps / row.seconds / row.ranks / first) for row in found]
