"""What `report scaling` makes of runs, against numbers by hand."""

import types
import unittest

import numpy

from analysis import scaling, schema
from analysis.results_file import Unreadable

SECONDS = numpy.array([4.0, 1.0, 3.0, 2.0])  # of four clients in each of two rounds


def run(ranks=1, seconds=10.0, **options):
    """Two rounds of four clients with three steps each, of which training takes all but a tenth."""
    turns, rounds, phases, moves = schema.Turns, schema.Rounds, schema.Phases, schema.Transport
    one = types.SimpleNamespace(
        name="run", finished=True, attributes={schema.Attribute.RANKS: str(ranks)},
        options={"training.group_size": 2, "machine.device": "cpu", "machine.threads": 1, "engine.precision": "bfloat16"}
        | options,
        clients={schema.Clients.CLIENT: numpy.arange(4)},
        rounds={rounds.ROUND: numpy.arange(2), rounds.TOTAL: numpy.full(2, seconds)},
        turns={turns.ROUND: numpy.repeat([0, 1], 4), turns.CLIENT: numpy.tile(numpy.arange(4), 2),
               turns.STEPS: numpy.full(8, 3), turns.SECONDS: numpy.tile(SECONDS, 2)},
        transport={moves.PHASE: numpy.array(["sum"] * 2), moves.RANK: numpy.zeros(2),
                   moves.COLLECTIVE: numpy.array(["all_reduce"] * 2), moves.BYTES: numpy.full(2, 1000)},
        phases={phases.ROUND: numpy.arange(2)})
    waiting = 0.0 if ranks == 1 else 0.2 * seconds
    spent = numpy.full(ranks, 2 * 0.9 * seconds - 2 * waiting)
    one.phase_seconds = lambda: (numpy.arange(ranks), {
        "training": (spent, 0 * spent, 0 * spent), "small message": (0 * spent + 2 * waiting, 0 * spent + 2 * waiting, 0 * spent)})
    return one


def group(*runs, **settings):
    return types.SimpleNamespace(settings=settings, runs=list(runs))


class Scaling(unittest.TestCase):
    def test_efficiency_is_of_steps_in_a_second_and_rank(self):
        rows = scaling.rows([group(run(2, 8.0), ranks=2), group(run(1, 10.0), ranks=1)])
        self.assertEqual([row.ranks for row in rows], [1, 2])
        self.assertAlmostEqual(rows[0].efficiency, 1)
        self.assertAlmostEqual(rows[1].efficiency, (12 / 8) / 2 / (12 / 10))
        self.assertAlmostEqual(rows[1].waiting, 0.2)
        self.assertAlmostEqual(rows[0].training + rows[0].waiting + rows[0].overhead, 1)

    def test_projection_places_the_groups_anew_and_adds_the_sum(self):
        one = run()
        latency, rate = 0.5, 1000.0
        row = scaling.projected(one, (2, latency, rate), 4)  # two groups of 5 s each: two ranks have none
        transfer = 0.5 * 2 + 1000 * (3 / 4) / (1 / 2) / rate
        self.assertAlmostEqual(row.seconds, 5 + 1 + transfer)  # a tenth of ten seconds is neither training nor waiting
        self.assertAlmostEqual(row.waiting, (5 - 2.5) / row.seconds)
        self.assertTrue(row.projected)

    def test_groups_are_parted_where_no_bit_depends_on_them(self):
        row = scaling.projected(run(**{"engine.precision": "float32"}), (2, 0.0, 1e12), 4)
        self.assertAlmostEqual(row.seconds, 4 + 1, places=6)  # the longest client alone

    def test_projected_ranks_are_powers_of_two_beyond_those_measured(self):
        rows = scaling.rows([group(run(2, 8.0), run(1))], (2, 0.1, 1e6), 16)
        self.assertEqual([(row.ranks, row.projected) for row in rows],
                         [(1, False), (2, False), (4, True), (8, True), (16, True)])

    def test_runs_of_other_methods_are_no_scaling(self):
        with self.assertRaisesRegex(Unreadable, "differ in method.learner"):
            scaling.rows([group(run(), **{"method.learner": "prompt"}), group(run(2), ranks=2)])
        with self.assertRaisesRegex(Unreadable, "no finished run"):
            scaling.rows([])
