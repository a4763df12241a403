"""What is projected from one run and one model of sums, against numbers by hand, and what is said of it."""

import unittest
from unittest import mock

import h5py
import numpy
from sample_files import WithFolder, written
from timed_runs import group, run

from analysis import projection, scaling, scaling_view, schema
from analysis.projection import Model
from analysis.results_file import Unreadable

FREE = Model(2, 1e-12, 1e12)  # sums that take no time


class Projection(unittest.TestCase):
    def test_groups_are_placed_anew_and_the_sum_is_added(self):
        row = projection.projected(run(), Model(2, 0.5, 1000.0), 4)  # two groups of 4.5 s each: two ranks have none
        transfer = 0.5 * 2 + 1000 * (3 / 4) / (1 / 2) / 1000
        self.assertAlmostEqual(row.seconds, 4.5 + 1 + transfer)  # and the root's checkpoint
        self.assertAlmostEqual(row.waiting, (4.5 - 9 / 4) / row.seconds)
        self.assertAlmostEqual(row.training + row.waiting + row.overhead, 1)
        self.assertTrue(row.projected)

    def test_of_a_run_on_two_ranks_the_measured_sum_is_not_added_again(self):
        one, moves = run(2), schema.Transport
        sums = one.transport[moves.PHASE] == "sum"
        before = projection.projected(one, FREE, 4)
        one.transport[moves.TRANSFER][sums] = 0.25
        after = projection.projected(one, FREE, 4)
        self.assertAlmostEqual(before.seconds - after.seconds, 0.25)

    def test_what_training_takes_between_turns_goes_with_them(self):
        one = run()
        one.turns[schema.Turns.SECONDS] = one.turns[schema.Turns.SECONDS] / 3  # of 9 s of training turns take 3
        self.assertAlmostEqual(projection.projected(one, FREE, 2).seconds, 4.5 + 1)

    def test_groups_are_parted_where_no_bit_depends_on_them(self):
        parted = {"engine.precision": "float32"}
        self.assertAlmostEqual(projection.projected(run(**parted), FREE, 4).seconds, 4 * 0.9 + 1)  # the longest client alone
        self.assertEqual((projection.most_groups(run()), projection.most_groups(run(**parted))), (2, 4))
        for whole in ({"method.learner": "network"}, {"engine.kind": "reference"}, {"engine.live_images": True}):
            self.assertAlmostEqual(projection.projected(run(**parted, **whole), FREE, 4).seconds, 4.5 + 1)

    def test_projected_ranks_are_powers_of_two_beyond_those_measured(self):
        rows, _ = scaling.rows([group(run(2, 8.0), run(1))], Model(2, 0.1, 1e6), 16)
        self.assertEqual([(row.ranks, row.projected) for row in rows],
                         [(1, False), (2, False), (4, True), (8, True), (16, True)])

    def test_a_sentence_says_what_is_projected_by_what_and_from_where_on_ranks_wait(self):
        model = Model(2, 0.1, 1e6, 0.123)
        runs = [group(run(2, 8.0), run(1))]
        rows, remarks = scaling.rows(runs, model, 4)
        self.assertEqual(len(remarks), 1)
        for words in ("as timed on 1 rank", r"fitted on 2 ranks, within 12\.3 %", "no contention for memory",
                      r"from 2 ranks on groups are as many as clients allow \(2\)"):
            self.assertRegex(remarks[0], words)
        self.assertEqual(scaling.rows(runs, model, 2)[1], [])  # nothing is projected
        with mock.patch.object(scaling_view.pyplot.Figure, "supxlabel") as below, mock.patch.object(scaling_view.os, "replace"), \
                mock.patch.object(scaling_view.pyplot.Figure, "savefig"):
            scaling_view.draw(rows, remarks, "scaling.png")
        self.assertEqual(below.call_args.args[0].replace("\n", " "), remarks[0])


class Models(WithFolder):
    def bench(self, **values):
        """A file as bench-comm writes it, as far as a projection reads it."""
        place = self.folder / "bench.h5"
        with h5py.File(written("plain") / "results.h5") as plain, h5py.File(place, "w") as file:
            for name in (schema.Attribute.FILETYPE, schema.Attribute.VERSION):
                file.attrs[name] = plain.attrs[name]
            file.attrs[schema.Attribute.RANKS] = "2"
            file.create_group(schema.Bandwidths.GROUP)
            models, names = file.create_group(schema.LinkModels.GROUP), schema.LinkModels
            row = {names.COLLECTIVE: b"all_reduce", names.TYPE: b"int64", names.LATENCY: 1e-6, names.RATE: 1e9,
                   names.ERROR: 0.1} | values
            for name, value in row.items():
                models[name] = numpy.array([value])
        return place

    def test_a_model_is_read_with_what_it_was_fitted_on(self):
        self.assertEqual(projection.all_reduce_model(self.bench()), Model(2, 1e-6, 1e9, 0.1))

    def test_a_latency_or_a_rate_that_no_link_has_is_refused(self):
        for values in ({"latency_seconds": -1e-6}, {"latency_seconds": 0.0}, {"rate": -2e9}, {"rate": numpy.inf},
                       {"latency_seconds": numpy.nan}):
            with self.assertRaisesRegex(Unreadable, r"bench\.h5: the model of all_reduce has a latency of .* both are above 0"):
                projection.all_reduce_model(self.bench(**values))


if __name__ == "__main__":
    unittest.main()
