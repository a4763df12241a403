"""What `report scaling` makes of runs, against numbers by hand."""

import unittest

import numpy
from timed_runs import group, run

from analysis import scaling, schema, speed
from analysis.results_file import Unreadable


class Scaling(unittest.TestCase):
    def test_shares_are_of_what_all_ranks_did_but_for_evaluations_and_add_up(self):
        row = speed.measured(run(2))
        self.assertAlmostEqual(row.seconds, 10)  # the checkpoint is in it, as it is not in a round's own seconds
        self.assertAlmostEqual(row.training, 0.7)
        self.assertAlmostEqual(row.waiting, 0.25)  # the root waits 2 s, the other 3 s
        self.assertAlmostEqual(row.overhead, 0.05)  # 1 s of the root's
        self.assertAlmostEqual(row.training + row.waiting + row.overhead, 1)

    def test_efficiency_is_of_steps_in_a_second_and_rank(self):
        rows, remarks = scaling.rows([group(run(2, 8.0), ranks=2), group(run(1, 10.0), ranks=1)])
        self.assertEqual([row.ranks for row in rows], [1, 2])
        self.assertAlmostEqual(rows[0].efficiency, 1)
        self.assertAlmostEqual(rows[1].efficiency, (12 / 8) / 2 / (12 / 10))
        self.assertEqual(remarks, [])

    def test_a_run_that_went_on_on_other_ranks_is_left_out_and_said(self):
        rows, remarks = scaling.rows([group(run(1, later=3), run(1, 20.0))])
        self.assertEqual([(row.ranks, row.seconds) for row in rows], [(1, 20.0)])
        self.assertEqual(remarks[0], "run is left out: it trained 1 round on 1 rank and 1 round on 3 ranks.")
        with self.assertRaisesRegex(Unreadable, "no finished run on one number of ranks.* 1 round on 3 ranks"):
            scaling.rows([group(run(1, later=3))])

    def test_ranks_are_those_that_trained_and_not_those_of_the_beginning(self):
        one = run(2)
        one.attributes[schema.Attribute.RANKS] = "1"
        self.assertEqual(speed.measured(one).ranks, 2)

    def test_what_one_number_of_ranks_does_not_say_is_remarked(self):
        for runs in ([run(2)], [run(2), run(2, 9.0)]):
            _, remarks = scaling.rows([group(*runs)])
            self.assertRegex(remarks[0], "ran on 2 ranks: .* 100 % of itself")

    def test_efficiency_above_a_whole_is_remarked(self):
        larger = run(2, 4.0)
        larger.clients = {schema.Clients.CLIENT: numpy.arange(8)}
        _, remarks = scaling.rows([group(run(1), larger)])
        self.assertEqual(len(remarks), 1)
        self.assertIn("above 100 % (8 clients on 2 ranks)", remarks[0])

    def test_runs_of_other_methods_or_data_are_no_scaling(self):
        for key in ("method.learner", "data_sha256"):
            with self.assertRaisesRegex(Unreadable, f"differ in {key}"):
                scaling.rows([group(run(), **{key: "a"}), group(run(2), ranks=2)])
        with self.assertRaisesRegex(Unreadable, "no finished run"):
            scaling.rows([])


if __name__ == "__main__":
    unittest.main()
