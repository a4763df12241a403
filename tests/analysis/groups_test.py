"""Which runs are repeats of each other: never those that read other bytes, or that other numbers of ranks trained."""

import json
import unittest

import h5py
from sample_files import WithFolder, change_options

from analysis.groups import groups_of
from analysis.run import Run


class Repeats(WithFolder):
    def run_of(self, name, seed, options=None, **attributes):
        run = self.sample(name)
        change_options(run / "results.h5", seed=seed, **options or {})
        with h5py.File(run / "results.h5", "r+") as file:
            file.attrs.update(attributes)
        return run

    def labels(self, *places):
        """({label: repeats}, notes)."""
        groups, notes = groups_of(places)
        return {group.label: sorted(group.repeats) for group in groups}, notes

    def test_runs_that_read_other_bytes_under_the_same_options_are_no_repeats(self):
        for checksum, what in (("data_sha256", "data"), ("weights_sha256", "weights"), ("public_sha256", "public images"),
                               ("downstream_data_sha256", "downstream data")):
            runs = [self.run_of(f"{checksum}-{seed}", seed, **{checksum: "a" * 64 if seed < 3 else "b" * 64})
                    for seed in (1, 2, 3)]
            found, notes = self.labels(*runs)
            self.assertEqual(found, {f"{what} aaaaaaaa": ["seed 1", "seed 2"], f"{what} bbbbbbbb": ["seed 3"]})
            self.assertEqual(notes, [f"The {what} differ though options agree ({checksum} aaaaaaaa in {checksum}-1 and "
                                     f"{checksum}-2 and bbbbbbbb in {checksum}-3): these are no repeats."])

    def test_the_same_seed_with_other_data_is_shown_beside_it(self):
        runs = [self.run_of(f"beside-{data}", 1, data_sha256=data * 64) for data in "ab"]
        self.assertEqual(len(self.labels(*runs)[0]), 2)

    def test_what_options_say_is_not_said_again_by_checksums(self):
        runs = [self.run_of(f"classes-{count}", 1, {"synthetic__per_class": count}, data_sha256=f"{count:064}")
                for count in (40, 80)]
        self.assertEqual(self.labels(*runs), ({"per class 40": ["seed 1"], "per class 80": ["seed 1"]}, []))

    def test_a_file_that_knows_less_checksums_repeats_one_that_knows_more(self):
        runs = [self.run_of("older", 1), self.run_of("newer", 2, data_sha256="a" * 64)]
        found, notes = self.labels(*runs)
        self.assertEqual(([*found.values()], notes), ([["seed 1", "seed 2"]], []))

    def test_drawn_splits_are_of_their_seeds_and_read_ones_of_their_files(self):
        for kind, groups in (("even", 1), ("file", 2)):
            runs = [self.run_of(f"{kind}-{seed}", seed, {"partition__kind": f'"{kind}"'}, split_sha256=f"{seed}" * 64)
                    for seed in (1, 2)]
            found, notes = self.labels(*runs)
            self.assertEqual((len(found), len(notes)), (groups, groups - 1))

    def test_data_replaced_in_the_midst_of_a_study_make_groups_of_their_own(self):
        runs = []
        for seed in (1, 2, 3, 4):
            if seed < 4:
                self.run_of(f"study/seed={seed}", seed, data_sha256="a" * 64 if seed != 2 else "b" * 64)
            runs.append({"name": f"seed={seed}", "settings": {"partition.clients": 10}, "repeats": {"seed": seed},
                         "options": {"seed": seed}, "ranks": 1})
        (self.folder / "study" / "study.json").write_text(json.dumps({"runs": runs}))
        first, second = groups_of([self.folder / "study"])[0]
        self.assertEqual((first.label, [*first.repeats], [*first.missing]), ("data aaaaaaaa", ["seed 1", "seed 3"], ["seed 4"]))
        self.assertEqual((second.label, [*second.repeats], [*second.missing]), ("data bbbbbbbb", ["seed 2"], []))
        self.assertEqual(len(groups_of([self.folder / "study"])[1]), 1)

    def test_a_run_that_went_on_on_other_ranks_is_no_repeat_of_one_that_did_not(self):
        whole, resumed = self.run_of("whole", 1), self.run_of("resumed", 1)
        with h5py.File(resumed / "results.h5", "r+") as file:
            file["phases/rank"][file["phases/round"][:] < 3] = 0
        self.assertEqual(Run(whole).rank_counts, {2: 5})
        self.assertEqual(Run(resumed).rank_counts, {1: 3, 2: 2})
        self.assertEqual(self.labels(whole, resumed), ({"2 ranks": ["seed 1"], "1 and 2 ranks": ["seed 1"]}, []))


if __name__ == "__main__":
    unittest.main()
