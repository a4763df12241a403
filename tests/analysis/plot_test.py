"""Pictures: their formats, and the panels that runs, groups of runs and evaluations have anything for."""

import re
import shutil
import unittest

import h5py
import numpy
from matplotlib import pyplot
from sample_files import WithFolder, change_options

from analysis import panels, plot, ticks
from analysis.groups import groups_of


class Pictures(WithFolder):
    def words(self, *arguments):
        """What an SVG says, so that it can be read: matplotlib draws letters as outlines, each text after a comment."""
        target = self.folder / "words.svg"
        self.print_here("plot", *arguments, "-o", target)
        return re.findall(r"<!-- (.*) -->", target.read_text())

    def test_the_ending_of_the_name_says_the_format(self):
        for ending, begin in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<?xml")):
            target = self.folder / f"picture{ending}"
            self.print_here("plot", self.sample("plain"), "-o", target)
            self.assertTrue(target.read_bytes().startswith(begin), ending)
            self.assertFalse((self.folder / f"picture{ending}.part").exists())
        for name in ("picture", "picture.jpg", "picture.png.old"):
            self.refuse_here("should end in .png, .svg or .pdf", "plot", self.sample("plain"), "-o", self.folder / name)
            self.assertFalse((self.folder / name).exists())

    def test_a_run_that_was_killed_is_drawn_as_far_as_it_came(self):
        words = self.words(self.sample("killed", "killed"))
        self.assertTrue(any("3 rounds, not finished" in line for line in words), words)
        self.assertIn("Accuracy over rounds", words)

    def test_an_evaluation_has_its_classes_and_no_panel_without_data(self):
        words = self.words(self.sample("evaluation", "evaluation"))
        self.assertIn("Accuracy by class", words)
        self.assertIn("Each template alone", words)
        for view in ("zero-shot", "probe", "neighbours"):
            self.assertIn(view, words)
        for panel in ("Accuracy over rounds", "Seconds by phase and rank", "Spread over clients"):
            self.assertNotIn(panel, words)

    def test_a_file_with_nothing_in_it_is_said_to_hold_nothing_and_makes_no_picture(self):
        empty = self.folder / "empty.h5"
        shutil.copy(self.sample("plain") / "results.h5", empty)
        with h5py.File(empty, "r+") as file:
            for table in ("rounds", "turns", "scores", "phases", "transport"):
                for column in file[table].values():
                    column.resize((0,))
        self.refuse_here("there is nothing to draw: the runs hold no scores", "plot", empty, "-o", self.folder / "none.png")
        self.assertFalse((self.folder / "none.png").exists())

    def timed(self, name, seconds, **options):
        """A run whose rounds take so many seconds in a federation."""
        run = self.sample(name)
        change_options(run / "results.h5", seed=1, links__step_seconds=1, links__profile=f'"{name}"', **options)
        with h5py.File(run / "results.h5", "r+") as file:
            rounds = file["rounds/round"][:]
            for column, values in (("round", rounds), ("start_seconds", float(seconds) * rounds),
                                   ("seconds", numpy.full(len(rounds), float(seconds))), ("slowest_client", 0 * rounds)):
                file["virtual_rounds"][column].resize((len(rounds),))
                file["virtual_rounds"][column][:] = values
        return run

    def test_a_run_that_a_panel_leaves_out_is_named_with_the_reason(self):
        timed, plain = self.timed("timed", 60), self.sample("untimed")
        change_options(plain / "results.h5", seed=1, links__step_seconds=0, links__profile='"mobile"')
        said = r"mobile \(untimed\) has no seconds of a federation, for\s+links.step_seconds was not said"
        for panels_asked in ((), ("--panel", "virtual"), ("--panel", "rounds", "--panel", "virtual")):
            printed = self.print_here("plot", plain, timed, *panels_asked, "-o", self.folder / "timed.png")
            self.assertRegex(printed, said)
            self.assertNotIn("timed (timed)", printed)
        self.assertNotIn("step_seconds", self.print_here("plot", plain, "-o", self.folder / "timed.png"))
        self.refuse_here("there is nothing to draw: .* has no seconds of a federation, for links.step_seconds was not said",
                         "plot", plain, "--panel", "virtual", "-o", self.folder / "none.png")
        self.assertRegex(self.print_here("plot", plain, timed, "--panel", "templates", "--panel", "rounds", "-o",
                                         self.folder / "timed.png"), "has nothing for the panel templates")

    def test_repeats_are_one_line_and_settings_are_several(self):
        for learner in ("prompt", "dual_prompt"):
            for seed in (1, 2, 3):
                run = self.sample(f"{learner}-{seed}")
                change_options(run / "results.h5", seed=seed, method__learner=f'"{learner}"',
                               method__strategy='"fedavg"')
        runs = sorted(self.folder.glob("*prompt-[123]"))
        words = self.words(*runs)
        self.assertEqual(words.count("dual_prompt"), words.count("prompt"))
        self.assertTrue(any("seeds 1 to 3" in line and "deviation over seeds" in line for line in words), words)
        self.assertFalse(any("seed 1" in line for line in words))

    def test_bytes_are_logarithmic_where_methods_differ_by_orders(self):
        few, many = self.sample("few"), self.sample("many")
        change_options(few / "results.h5", seed=1, prompt__context=4)
        change_options(many / "results.h5", seed=1, prompt__context=16)
        self.assertFalse({"0.01", "0.1", "1", "10"} <= set(self.words(few, many, "--panel", "bytes")))
        with h5py.File(many / "results.h5", "r+") as file:
            for column in ("upload_bytes", "download_bytes"):
                file["rounds"][column][:] = 10000 * file["rounds"][column][:]
        decades = [word for word in self.words(few, many, "--panel", "bytes") if re.fullmatch(r"10*|0\.0*1", word)]
        self.assertGreaterEqual(len(decades), 4, decades)

    def test_a_panel_can_have_the_width_of_a_column_in_print(self):
        for column, inches in (("ieee", 3.5), ("acm", 3.33), ("ieee-two", 7.16)):
            target = self.folder / "column.svg"
            self.print_here("plot", self.sample("plain"), "--panel", "rounds", "--column", column, "-o", target)
            width = float(re.search(r'width="([\d.]+)pt"', target.read_text()).group(1))
            self.assertAlmostEqual(width, 72 * inches, places=2)

    def legend_in_a_column(self, runs):
        """The figure of runs in a journal's column, its legend, and where that is seen."""
        groups, _ = groups_of(runs)
        with pyplot.rc_context({"font.size": 8}):
            figure = plot._draw(groups, ["rounds"], "ieee")
            legend, = figure.legends
            seen = legend.get_window_extent(figure.canvas.get_renderer())
            pyplot.close(figure)
        return figure, legend, seen

    def test_a_legend_of_long_names_fits_into_a_column(self):
        names = "a setting whose name is rather long", "another one that is hardly any shorter", "short"
        runs = [self.sample(f"long-{place}") for place in range(len(names))]
        for run, name in zip(runs, names):
            change_options(run / "results.h5", seed=1, name=f'"{name}"')
        figure, legend, seen = self.legend_in_a_column(runs)
        self.assertGreaterEqual(seen.x0, 0)
        self.assertLessEqual(seen.x1, figure.bbox.width)

    def test_many_groups_of_two_settings_have_the_colour_of_one_and_the_mark_of_the_other(self):
        def looks(learners, alphas):
            runs = []
            for learner in learners:
                for alpha in alphas:
                    runs.append(self.sample(f"crossed-{learner}-{alpha}-{len(alphas)}"))
                    change_options(runs[-1] / "results.h5", seed=1, method__learner=f'"{learner}"', partition__alpha=alpha)
            groups = groups_of(runs)[0]
            found = panels.Looks(groups)
            figure, axes = pyplot.subplots()
            panels.ALL["rounds"](axes, found)
            pyplot.close(figure)
            return {group.words: found.of(group) for group in groups}, found.legend
        seen, legend = looks(("one", "other"), (0.1, 0.2, 0.3, 0.4))
        self.assertEqual(len(set(seen.values())), 8)
        self.assertEqual(len({colour for (learner, _), (colour, _) in seen.items() if learner == "one"}), 1)
        self.assertEqual(len({mark for (_, alpha), (_, mark) in seen.items() if alpha == "alpha 0.2"}), 1)
        for words in ("one", "other", "alpha 0.1", "alpha 0.4"):
            self.assertIn(words, legend)
        self.assertNotIn("one, alpha 0.1", legend)
        self.assertIn("one, alpha 0.1", looks(("one", "other"), (0.1, 0.2))[1])

    def test_shares_at_the_ticks_have_as_many_decimals_as_tell_them_apart(self):
        words = [word for word in self.words(self.sample("plain"), "--panel", "rounds") if word.endswith(" %")]
        shares = [word for word in words if re.fullmatch(r"\d+ %", word)]
        self.assertGreater(len(shares), 3, words)
        self.assertEqual(ticks.Shares().format_ticks([0.5, 0.505, 0.51]), ["50.0 %", "50.5 %", "51.0 %"])

    def test_what_is_not_there_is_in_no_label_and_numbers_have_their_units(self):
        runs = [self.sample(f"deadline-{place}") for place in range(3)]
        for run, (kind, deadline) in zip(runs, (("rounds", 5.0), ("rounds", 0.0), ("window", 0.0))):
            change_options(run / "results.h5", seed=1, schedule__kind=f'"{kind}"', schedule__deadline=deadline)
        groups, _ = groups_of(runs)
        self.assertEqual([group.label for group in groups], ["rounds, deadline 5 s", "rounds", "window"])
        groups, _ = groups_of(runs[:2])
        self.assertEqual([group.label for group in groups], ["deadline 5 s", "no deadline"])
        change_options(runs[0] / "results.h5", seed=1, links__trace='"orbits.csv"', schedule__kind='"rounds"')
        change_options(runs[1] / "results.h5", seed=1, links__trace='""', schedule__kind='"rounds"')
        change_options(runs[2] / "results.h5", seed=1, links__trace='""', schedule__kind='"window"')
        groups, _ = groups_of(runs)
        self.assertEqual([group.label for group in groups], ["rounds, orbits.csv", "rounds", "window"])
        for run, rate in zip(runs, (0.0, -1.0)):  # both nothing, yet not the same
            change_options(run / "results.h5", seed=1, method__learner='"a"', links__server_rate=rate)
        change_options(runs[2] / "results.h5", seed=1, method__learner='"b"', links__server_rate=0.0)
        groups, _ = groups_of(runs)
        self.assertEqual([group.label for group in groups], ["a, no server rate", "a, server rate of the profile", "b"])

    def test_a_legend_of_short_names_leaves_the_picture_of_a_column_to_its_panel(self):
        runs = []
        for learner in ("fedrsclip-small", "promptfl"):
            for codec in ("float32", "qsgd", "top_k"):
                runs.append(self.sample(f"{learner}-{codec}"))
                change_options(runs[-1] / "results.h5", seed=1, method__learner=f'"{learner}"', upload__codec=f'"{codec}"')
        figure, legend, seen = self.legend_in_a_column(runs)
        self.assertGreater(len(legend.get_texts()), 7)
        self.assertLess(seen.height, 0.3 * figure.bbox.height)
        self.assertLessEqual(seen.width, figure.bbox.width)

    def test_time_is_logarithmic_from_thirty_times_on_and_says_so_with_ticks_that_can_be_read(self):
        short = self.timed("short-time", 1)
        for times, logarithmic in ((25, False), (40, True), (86400, True)):
            words = self.words(short, self.timed(f"time-{times}", times), "--panel", "virtual")
            self.assertEqual("time in the federation (logarithmic)" in words, logarithmic, words)
            ticks_of_time = [word for word in words if re.fullmatch(r"[\d.]+ (s|min|h|d)", word)]
            self.assertGreaterEqual(len(ticks_of_time), 2 if logarithmic else 0, words)
            self.assertEqual("minutes in the federation" in words, not logarithmic, words)

    def test_clients_of_single_runs_are_a_band_only_where_nothing_stands_beside_them(self):
        def bands(*runs):
            figure, axes = pyplot.subplots()
            panels.ALL["rounds"](axes, panels.Looks(groups_of(runs)[0]))
            pyplot.close(figure)
            return len(axes.collections)
        one, other = self.sample("one"), self.sample("other")
        change_options(other / "results.h5", seed=1, prompt__context=16)
        self.assertGreater(bands(one), 0)
        self.assertEqual(bands(one, other), 0)

    def test_scores_that_are_no_numbers_and_classes_with_strange_names_are_drawn(self):
        run = self.sample("strange")
        with h5py.File(run / "results.h5", "r+") as file:
            names = file["classes/name"]
            names[:] = numpy.array([b"$a", b"_b", b"[c]"], dtype=names.dtype)
            file["rounds/loss"][:] = numpy.nan
        self.assertIn("[c]", self.words(run, "--panel", "classes"))


if __name__ == "__main__":
    unittest.main()
