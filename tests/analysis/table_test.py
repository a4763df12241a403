"""Tables of groups of runs, and what they say of what is missing."""

import csv
import json
import math
import shutil
import unittest

import h5py
import numpy
from sample_files import WithFolder, change_options, report_here

from analysis import cells, study
from analysis.groups import groups_of, telling_keys
from analysis.words import significant


def score(run, scope, share):
    """Writes an accuracy into the rows of a scope that are of all images."""
    with h5py.File(run / "results.h5", "r+") as file:
        table = file["scores"]
        for row in range(len(table["scope"])):
            if (table["scope"].asstr()[row], table["metric"].asstr()[row]) == (scope, "accuracy"):
                if all(table[part][row] == -1 for part in ("client", "domain", "class")):
                    table["value"][row] = share


class Tables(WithFolder):
    def runs(self, folder, shares):
        """{(learner, clients): {seed: share}} as runs of a name of their own."""
        made = []
        for (learner, clients), by_seed in shares.items():
            for seed, share in by_seed.items():
                run = self.sample(f"{folder}-{learner}-{clients}-{seed}")
                change_options(run / "results.h5", name=f'"{folder}"', seed=seed, method__learner=f'"{learner}"',
                               partition__clients=clients)
                score(run, "global", share)
                made.append(run)
        return made

    def test_rounds_a_day_are_those_of_virtual_seconds_and_of_runs_without_any_there_are_none(self):
        plain, timed = self.sample("plain-links"), self.sample("timed-links")
        for run, seconds in ((plain, 0), (timed, 1)):
            change_options(run / "results.h5", links__step_seconds=seconds, seed=1)
        with h5py.File(timed / "results.h5", "r+") as file:
            rounds = file["rounds/round"][:]
            for column, values in (("round", rounds), ("start_seconds", 7200.0 * rounds),
                                   ("seconds", numpy.full(len(rounds), 7200.0)), ("slowest_client", 0 * rounds)):
                file["virtual_rounds"][column].resize((len(rounds),))
                file["virtual_rounds"][column][:] = values
        _, printed = report_here("table", plain, timed, "--value", "rounds-a-day,virtual-hours", "--format", "csv")
        rows = list(csv.DictReader(printed.splitlines()))
        self.assertEqual([row["rounds a day in the federation"] for row in rows], ["", "12.0"])
        self.assertEqual([row["hours in the federation"] for row in rows], ["", str(2.0 * len(rounds))])

    def test_numbers_that_may_be_of_any_size_have_three_digits_that_count(self):
        for value, words in ((0.00026678, "0.000267"), (9.996, "10.0"), (138.62, "139"), (360333.3, "360,000"), (0, "0.00"),
                             (math.nan, "-")):
            self.assertEqual(significant(value), words)
        self.assertEqual(significant(0.0123, 17.31), "0.0")  # as many decimals as the mean that it stands beside

    def test_bytes_up_and_down_are_those_of_all_that_were_sent_the_model(self):
        run = self.sample("directions")
        with h5py.File(run / "results.h5", "r+") as file:
            file["rounds/download_bytes"][:] += 1000  # to clients whose reports did not count: none of /turns
            rounds = len(file["rounds/round"])
            sent = int(file["turns/upload_bytes"][:].sum())
            received = int(file["turns/download_bytes"][:].sum()) + 1000 * rounds
        [row] = self.rows(run, "--value", "upload-bytes,download-bytes,bytes,seconds")
        self.assertEqual(float(row["federated upload, bytes"]), sent)
        self.assertEqual(float(row["federated download, bytes"]), received)
        self.assertEqual(float(row["federated, bytes"]), sent + received)
        self.assertIn("seconds here", row)

    def rows(self, *arguments):
        """Of a table as CSV."""
        printed = self.print_here("table", *arguments, "--format", "csv").splitlines()
        return list(csv.DictReader(line for line in printed if not line.startswith("# ")))

    def test_means_and_spreads_are_over_seeds_and_never_over_settings(self):
        runs = self.runs("plain", {("a", 10): {1: 0.5, 2: 0.6, 3: 0.7}, ("a", 20): {1: 0.2, 2: 0.2, 3: 0.2},
                                   ("b", 10): {1: 0.9}})
        rows = {(row["learner"], row["clients"]): row for row in self.rows(*runs, "--value", "global")}
        self.assertEqual(set(rows), {("a", "10 clients"), ("a", "20 clients"), ("b", "10 clients")})
        self.assertAlmostEqual(float(rows["a", "10 clients"]["global pool %"]), 60)  # what the heading says
        self.assertAlmostEqual(float(rows["a", "10 clients"]["global pool % sd"]), 10)
        self.assertEqual(rows["a", "20 clients"]["global pool % sd"], "0.0")
        self.assertEqual((rows["b", "10 clients"]["global pool % sd"], rows["b", "10 clients"]["global pool % n"]), ("", "1"))

    def test_an_axis_that_no_row_or_column_names_is_not_averaged_over(self):
        runs = self.runs("axes", {(learner, clients): {1: 0.5} for learner in "ab" for clients in (10, 20)})
        printed = self.print_here("table", *runs, "--rows", "method.learner")
        self.assertEqual(printed.count("10 clients"), 2)
        printed = self.print_here("table", *runs, "--columns", "partition.clients", "--format", "markdown")
        self.assertIn("| learner | 10 clients | 20 clients |", printed)

    def test_a_value_of_several_has_columns_of_its_own_for_each_setting(self):
        runs = self.runs("both", {(learner, clients): {1: 0.5} for learner in "ab" for clients in (10, 20)})
        asked = (*runs, "--columns", "partition.clients", "--value", "global,bytes")
        self.assertIn("| learner | 10 clients, global pool % | 20 clients, global pool % | 10 clients, federated, bytes |",
                      self.print_here("table", *asked, "--format", "markdown"))
        row = self.rows(*asked)[0]
        self.assertAlmostEqual(float(row["20 clients, global pool %"]), 50)
        self.assertEqual(float(row["20 clients, federated, bytes"]), 5 * 6 * 16384)

    def test_rows_stand_in_the_order_of_the_axes_named_and_no_axis_stands_twice(self):
        b20, b100, a20, a100 = self.runs("order", {(learner, clients): {1: 0.5} for learner in "ba" for clients in (20, 100)})
        for axes, heading, order in (
                ("partition.clients,method.learner", ["clients", "learner"], ["100 b", "100 a", "20 b", "20 a"]),
                ("method.learner", ["learner", "clients"], ["b 100", "b 20", "a 20", "a 100"])):
            rows = self.rows(b100, a20, b20, a100, "--rows", axes, "--value", "loss")
            self.assertEqual(list(rows[0])[:3], [*heading, "loss"])
            self.assertEqual([" ".join(row[name].removesuffix(" clients") for name in heading) for row in rows], order)

    def test_axes_whose_last_words_are_alike_have_headings_that_are_not(self):
        runs = self.runs("alike", {("a", seed): {seed: 0.5} for seed in (1, 2)})
        for run, (up, down) in zip(runs, (("qsgd", "float32"), ("float32", "qsgd"))):
            change_options(run / "results.h5", seed=1, upload__codec=f'"{up}"', download__codec=f'"{down}"')
        row, _ = self.rows(*runs, "--rows", "upload.codec,download.codec")
        self.assertEqual((row["upload codec"], row["download codec"]), ("qsgd", "float32"))

    def test_settings_that_are_written_alike_are_no_one_row(self):
        runs = self.runs("folders", {("a", seed): {seed: 0.5} for seed in (1, 2)})
        for run, folder in zip(runs, ("one", "other")):
            change_options(run / "results.h5", seed=1, data__path=f'"{folder}/images.h5"', method__learner='"a"')
        self.assertEqual(len(self.rows(*runs, "--columns", "data.path")), 1)
        printed = self.print_here("table", *runs, "--columns", "data.path", "--value", "global", "--format", "markdown")
        self.assertEqual(printed.count("50.0"), 2)

    def test_the_best_is_bold_and_what_lies_within_its_spread_is_marked(self):
        runs = self.runs("best", {("a", 10): {1: 0.5, 2: 0.7}, ("b", 10): {1: 0.5, 2: 0.6},
                                  ("c", 10): {1: 0.2, 2: 0.3}})
        printed = self.print_here("table", *runs, "--value", "global", "--format", "markdown")
        self.assertIn("| a | **60.0 ± 14.1** |", printed)
        self.assertIn("| b | *55.0 ± 7.1* |", printed)
        self.assertIn("| c | 25.0 ± 7.1 |", printed)
        printed = self.print_here("table", *runs, "--value", "global", "--format", "latex")
        self.assertIn(r"\textbf{60.0 $\pm$ 14.1}", printed)
        self.assertIn(r"\toprule", printed)

    def test_differences_are_paired_by_seed(self):
        """Far apart between seeds, alike within each."""
        runs = self.runs("paired", {("a", 10): {1: 0.2, 2: 0.8, 3: 0.5}, ("b", 10): {1: 0.1, 2: 0.7, 4: 0.0}})
        printed = self.print_here("table", *runs, "--value", "global", "--format", "markdown")
        self.assertIn("| -10.0 ± 0.0 |", printed)
        self.assertIsNone(cells.paired(cells.Cell({"seed 1": 1.0}), cells.Cell({"seed 2": 2.0})))

    def test_a_single_run_has_no_spread_and_a_run_that_was_killed_is_a_dash_with_a_note(self):
        killed = self.sample("killed", "killed")
        printed = self.print_here("table", self.sample("plain"), "--value", "global")
        self.assertIn("73.3", printed)
        self.assertNotIn("±", printed)
        printed = self.print_here("table", killed)
        self.assertIn("not finished.", printed)
        self.assertRegex(printed, r"│ +- │")

    def test_what_is_no_number_is_left_out_and_said(self):
        runs = self.runs("nan", {("a", 10): {1: 0.5, 2: 0.5}})
        with h5py.File(runs[0] / "results.h5", "r+") as file:
            file["rounds/loss"][:] = math.nan
        printed = self.print_here("table", *runs, "--value", "loss,global")
        self.assertIn("seed 1: loss is no number.", printed)
        self.assertIn("0.300", printed)

    def test_the_same_seed_twice_is_no_repeat(self):
        one, = self.runs("twice", {("a", 10): {1: 0.5}})
        other = self.folder / "copy"
        shutil.copytree(one, other)
        printed = self.print_here("table", one, other)
        self.assertIn("copy is left out: it repeats twice-a-10-1 with the same seed.", printed)

    def test_names_with_markup_and_latex_stay_what_they_are(self):
        runs = self.runs("marked", {("[b]a_b&c%[/b]", 10): {1: 0.5}, ("$x$|y", 10): {1: 0.5}})
        self.assertIn("[b]a_b&c%[/b]", self.print_here("table", *runs))
        self.assertIn(r"[b]a\_b\&c\%[/b]", self.print_here("table", *runs, "--format", "latex"))
        self.assertIn(r"\$x\$|y", self.print_here("table", *runs, "--format", "latex"))
        self.assertIn(r"$x$\|y", self.print_here("table", *runs, "--format", "markdown"))

    def test_an_axis_or_a_score_that_is_not_there_is_named_with_the_nearest(self):
        runs = self.runs("named", {("a", 10): {1: 0.5}, ("b", 10): {1: 0.5}})
        self.refuse_here("no axis method.lerner .*nearest is method.learner", "table", *runs, "--rows", "method.lerner")
        self.refuse_here("no score globl; the nearest is global", "table", *runs, "--value", "globl")

    def test_runs_are_told_apart_by_as_few_options_as_it_takes(self):
        settings = [{"method.learner": "a", "x": 1}, {"method.learner": "b", "x": 2}]
        self.assertEqual(telling_keys(settings), ["method.learner"])
        self.assertEqual(telling_keys([*settings, {"method.learner": "a", "x": 2}]), ["method.learner", "x"])

    def test_two_hundred_results_are_shown(self):
        runs = self.runs("many", {("a", 10): {1: 0.5}})
        names = []
        for seed in range(200):
            copy = self.folder / f"copy-{seed}.h5"
            shutil.copy(runs[0] / "results.h5", copy)
            change_options(copy, seed=seed, method__learner='"a"')
            names.append(copy)
        [row] = self.rows(*names, "--value", "global,bytes,seconds")
        self.assertEqual(row["global pool % n"], "200")


class Studies(WithFolder):
    def study(self, folder, states):
        """A study directory whose runs are finished, killed, failed or not begun."""
        place = self.folder / folder
        place.mkdir()
        runs = []
        for seed, state in enumerate(states, 1):
            name = f"clients=10,seed={seed}"
            runs.append({"name": name, "settings": {"partition.clients": 10}, "repeats": {"seed": seed},
                         "options": {"partition.clients": 10, "seed": seed}, "ranks": 1, "configuration": "0"})
            if state in ("finished", "killed", "foreign"):
                run = self.sample(f"{folder}/{name}", "killed" if state == "killed" else "plain")
                if state != "killed":
                    change_options(run / "results.h5", seed=seed, partition__clients=10 if state == "finished" else 11)
            elif state == "failed":
                (place / name).mkdir()
                (place / name / "failure.txt").write_text("it was wrong.")
            elif state == "damaged":
                (place / name).mkdir()
                (place / name / "results.h5").write_text("no results")
        (place / "study.json").write_text(json.dumps({"runs": runs}))
        return place

    def test_what_is_missing_of_a_study_is_said_and_the_rest_is_shown(self):
        place = self.study("some", ["finished", "finished", "killed", "failed", "none", "foreign", "damaged"])
        printed = self.print_here("table", place)
        self.assertIn("2 of 7", printed)
        for sentence in ("seed 3: not finished.", "seed 4: failed: it was wrong.", "seed 5: not begun.",
                         "seed 6: the results of another study: partition.clients is 11, not 10.",
                         "seed 7: .*cannot be read as HDF5"):
            self.assertRegex(printed, sentence)
        printed = self.print_here("plot", place, "-o", self.folder / "some.png")
        self.assertIn("seed 5: not begun.", printed)

    def test_a_study_without_any_result_is_dashes_and_no_picture(self):
        place = self.study("none", ["none", "none"])
        self.assertIn("0 of 2", self.print_here("table", place))
        self.refuse_here("nothing to draw", "plot", place, "-o", self.folder / "none.png")

    def test_groups_of_a_study_are_its_settings(self):
        [group], notes = groups_of([self.study("group", ["finished", "finished"])])
        self.assertEqual((group.label, len(group.repeats), notes), ("10 clients", 2, []))

    def test_of_several_studies_each_row_says_of_which_it_is(self):
        one, other = self.study("one", ["finished"]), self.study("other", ["finished"])
        printed = self.print_here("table", one, other, one, "--value", "global", "--format", "markdown")
        self.assertIn("| study | global pool % |", printed)
        for row in ("| one | ", "| other | "):
            self.assertEqual(printed.count(row), 1)
        self.assertIn("one is named twice.", printed)

    def test_a_list_that_is_no_list_is_said_so(self):
        place = self.folder / "broken"
        place.mkdir()
        (place / "study.json").write_text("{")
        self.refuse_here("is not a list of runs", "table", place)
        self.assertTrue(study.is_study(place))


if __name__ == "__main__":
    unittest.main()
