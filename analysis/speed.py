"""What the rounds of one run took, by what its ranks did in them; evaluations are left out."""

import dataclasses
import math

import numpy

from . import schema
from .results_file import Unreadable


@dataclasses.dataclass
class Row:
    """Seconds are of a round in the mean of ranks; the three shares are of them and add up to one."""

    ranks: int
    clients: int
    seconds: float
    steps: float  # local steps of all clients in a round
    training: float
    waiting: float
    overhead: float  # all the rest: messages, sums, the server's step, recording, checkpoints
    efficiency: float = math.nan
    projected: bool = False


def parts(run):
    """Each rank's seconds of a round: (training, waiting, overhead), which are together what /phases has but evaluations."""
    ranks, phases = run.phase_seconds()
    rounds = len(run.rounds[schema.Rounds.ROUND])
    if not rounds or not len(ranks):
        raise Unreadable(f"{run.name} has no round, so that nothing can be said of its speed.")
    training, waiting, overhead = numpy.zeros((3, len(ranks)))
    for phase, (seconds, waits, _) in phases.items():
        if phase == schema.EVALUATION:
            continue
        waiting += waits
        busy = training if phase == schema.TRAINING else overhead
        busy += seconds - waits
    return training / rounds, waiting / rounds, overhead / rounds


def measured(run):
    """The Row of a run all of whose rounds were on one number of ranks."""
    found = parts(run)
    training, waiting, overhead = (part.mean() for part in found)
    seconds = training + waiting + overhead
    return Row(len(found[0]), len(run.clients[schema.Clients.CLIENT]), seconds,
               run.turns[schema.Turns.STEPS].sum() / len(run.rounds[schema.Rounds.ROUND]), training / seconds,
               waiting / seconds, overhead / seconds)
