"""analysis/report in the places and on the terminals that people have, with the names that they give."""

import io
import os
import re
import sys
import unittest

import h5py
from rich.console import Console
from sample_files import ROOT, WithFolder, bench_file, report

from analysis import summary
from analysis.run import Run


class Places(WithFolder):
    def test_modules_of_the_current_folder_are_not_imported(self):
        run, own = self.sample("plain"), self.folder / "own"
        (own / "analysis").mkdir(parents=True)
        for name in ("analysis/__init__.py", "numpy.py", "h5py.py", "rich.py"):
            (own / name).write_text("raise SystemExit('a file of the user was run')\n")
        for path in ("", f"{own}:"):
            self.assertIn("finished", self.succeed(report("summary", run, cwd=own, environment={"PYTHONPATH": path})))

    def test_a_matplotlibrc_of_the_current_folder_changes_no_picture(self):
        run, own = self.sample("plain"), self.folder / "styled"
        own.mkdir()
        self.succeed(report("plot", run, "-o", own / "plain.png", cwd=self.folder))
        (own / "matplotlibrc").write_text("font.size: 30\nlines.linewidth: 9\n")
        self.succeed(report("plot", run, "-o", "own.png", cwd=own))
        self.assertEqual((own / "plain.png").read_bytes(), (own / "own.png").read_bytes())

    def test_names_are_shown_as_they_are(self):
        for name in ("[abl]", "x[/y]", "a_$x_$y^", ":smile:", "_hidden", r"back\slash"):
            run = self.sample(name)
            self.assertTrue(self.print_here("summary", run).startswith(f"{run.name}  finished"), name)
            self.assertIn(f"{name}.png is written.", self.print_here("plot", run, "-o", f"{run}.png").replace("\n", ""))

    def test_names_that_are_no_utf_8_are_shown_by_their_bytes(self):
        run = self.sample(os.fsdecode(b"\xbb\xfa"))
        self.assertTrue(self.succeed(report("summary", run)).startswith(r"\xbb\xfa  finished"))
        self.print_here("plot", run, "-o", self.folder / "bytes.png")
        self.refuse(report("summary", self.folder / os.fsdecode(b"\xfe")), r"\\xfe does not exist")

    def test_a_name_cannot_command_the_terminal(self):
        run = self.sample("red\033[31m\nline")
        self.assertTrue(self.print_here("summary", run).startswith(r"red\x1b[31m\nline  finished"))

    def test_a_terminal_without_other_characters_is_given_ascii(self):
        run = self.sample("plain")
        for environment in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}):
            answer = report("summary", run, environment=environment)
            self.assertTrue(self.succeed(answer).isascii(), answer.stdout)
            self.assertIn("personal", answer.stdout)

    def test_without_the_environment_of_the_set_up_it_is_named(self):
        """Another Python may have the packages; here it is told to find none."""
        bare = self.folder / "bin"
        bare.mkdir()
        (bare / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
        (bare / "python3").chmod(0o755)
        answer = report("summary", self.sample("plain"), environment={
            "HOME": "/nowhere", "XDG_CACHE_HOME": "/nowhere", "PYTHONPATH": "", "PATH": f"{bare}:{os.environ['PATH']}"})
        self.refuse(answer, "jobs/setup installs what the analysis needs")

    def test_numbers_and_names_are_never_cut_however_narrow_the_terminal(self):
        bench = bench_file(self.folder / "bench.h5")
        self.assertRegex(self.print_here("summary", bench), "all_reduce .* FedRSCLIP .* 109047.53 .* 7034.0")
        run = self.sample("narrow")
        with h5py.File(run / "results.h5", "r+") as file:
            words = "a sentence that is longer than the terminal is wide, and tells of resumed_after_a_kill"
            file["events/message"][0] = words.encode()
        for place in (bench, run):
            wide, narrow = (Console(width=width, file=io.StringIO()) for width in (300, 40))
            for console in (wide, narrow):
                summary.show(Run(place), console)
            tables = [console.file.getvalue().rpartition("Accuracy")[2] for console in (wide, narrow)]
            everything, seen = (set(re.findall(r"[^\s━┏┳┓┡╇┩└─┴┘│┃]+", words)) for words in tables)
            self.assertGreater(len(everything), 30)
            self.assertEqual(everything - seen, set())

    def test_it_is_found_from_anywhere(self):
        link = self.folder / "link"
        link.symlink_to(ROOT / "analysis")
        self.succeed(report("summary", self.sample("plain").relative_to(self.folder), cwd=self.folder,
                            environment={"CDPATH": "/:/tmp"}))


if __name__ == "__main__":
    unittest.main()
