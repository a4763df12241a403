"""Made-up runs whose seconds are known, for what the analysis says of speed."""

import types

import numpy

from analysis import schema
from analysis.run import Run

SECONDS = numpy.array([4.0, 1.0, 3.0, 2.0])  # of four clients in each of two rounds


def table(names, rows):
    return {name: numpy.array(column, dtype=object if isinstance(column[0], str) else None)
            for name, column in zip(names, zip(*rows))}


def run(ranks=1, seconds=10.0, later=None, **options):
    """Two rounds of four clients with three steps each, of which ranks train all but a tenth, and on two or more wait
    another two tenths; the second on `later` ranks. An evaluation that takes as long again, and waits, is no part of them."""
    turns, rounds, phases, moves = schema.Turns, schema.Rounds, schema.Phases, schema.Transport
    spent, moved = [], []
    for number, count in ((schema.BEFORE_ROUNDS, ranks), (0, ranks), (1, later or ranks)):
        waiting = 0.2 * seconds if count > 1 else 0.0
        for rank in range(count):
            alone = 0.1 * seconds if rank == 0 else 0.0  # the root is at the checkpoint while others wait
            spent += [(number, "training", rank, 0.9 * seconds - waiting), (number, "checkpoint", rank, alone),
                      (number, "small message", rank, waiting + 0.1 * seconds - alone),
                      (number, "evaluation", rank, seconds)]
            moved += [(number, "small message", rank, "agree", 16, waiting + 0.1 * seconds - alone, 0.0),
                      (number, "evaluation", rank, "agree", 16, 0.5 * seconds, 0.0),
                      (number, "sum", rank, "all_reduce", 1000, 0.0, 0.0)]
    one = types.SimpleNamespace(
        name="run", finished=True, attributes={schema.Attribute.RANKS: str(ranks)},
        options={"training.group_size": 2, "machine.device": "cpu", "machine.threads": 1, "engine.precision": "bfloat16",
                 "engine.kind": "fast", "engine.live_images": False, "method.learner": "prompt"} | options,
        clients={schema.Clients.CLIENT: numpy.arange(4)},
        rounds={rounds.ROUND: numpy.arange(2), rounds.TOTAL: numpy.full(2, 0.7 * seconds)},  # without the checkpoint
        turns={turns.ROUND: numpy.repeat([0, 1], 4), turns.CLIENT: numpy.tile(numpy.arange(4), 2),
               turns.STEPS: numpy.full(8, 3), turns.SECONDS: numpy.tile(SECONDS * 0.9, 2)},
        phases=table((phases.ROUND, phases.PHASE, phases.RANK, phases.SECONDS), spent),
        transport=table((moves.ROUND, moves.PHASE, moves.RANK, moves.COLLECTIVE, moves.BYTES, moves.WAITING, moves.TRANSFER),
                        moved))
    one.phase_seconds = lambda: Run.phase_seconds(one)
    one.rank_counts = Run.rank_counts.func(one)
    return one


def group(*runs, **settings):
    return types.SimpleNamespace(settings=settings, runs=list(runs))
