"""Results files of made-up runs, as the program's own recorder writes them, and the command that reads them."""

import atexit
import contextlib
import functools
import io
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy

SAMPLE = os.environ["ANALYSIS_SAMPLE"]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def report(*arguments, **more):
    environment = os.environ | more.pop("environment", {})
    return subprocess.run([ROOT / "analysis" / "report", *map(os.fsencode, map(str, arguments))], capture_output=True,
                          text=True, env=environment, **more)


def report_here(*arguments):
    """The same in this process: (exit code, what it printed). An import of the picture's library costs a second."""
    from analysis.__main__ import main

    printed = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main([*map(str, arguments)])
    printed.flush()
    return code, printed.buffer.getvalue().decode()


def change_options(file, **changes):
    """Rewrites options of a results file, given as section__name=value in TOML."""
    with h5py.File(file, "r+") as opened:
        sections = {}
        for key, value in changes.items():
            section, _, name = key.rpartition("__")
            sections.setdefault(section.replace("__", "."), []).append(f"{name} = {value}")
        words = "\n".join(sections.pop("", [])) + "\n"
        for section, lines in sections.items():
            words += f"[{section}]\n" + "\n".join(lines) + "\n"
        opened.attrs["options"] = words


def bench_file(path):
    """What `fedorbit bench-comm` writes, of one collective."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"filetype": numpy.bytes_("fedorbit-results"), "version": [6, 2], "ranks": numpy.bytes_("2"),
                           "options": numpy.bytes_("calls = 0\n")})
        sizes = {"collective": b"all_reduce", "type": b"float32", "payload": b"FedRSCLIP", "bytes": 262144, "calls": 1000,
                 "wrong": 0, "median_seconds": 0.10904753, "bare_seconds": 0.015872, "agreement_seconds": 0.0013,
                 "algbw": 7.034e9, "busbw": 7.034e9}
        models = {"collective": b"all_reduce", "type": b"float32", "latency_seconds": 1e-6, "rate": 1e9,
                  "relative_error": 0.1}
        for group, columns in (("bandwidths", sizes), ("link_models", models)):
            for name, value in columns.items():
                dataset = file.create_dataset(f"{group}/{name}", data=numpy.array([value]))
                dataset.attrs["kind"] = numpy.bytes_("transport")
    return path


def links_file(path, run):
    """What `fedorbit links` writes: the tables of the run that are of a federation's seconds."""
    with h5py.File(path, "w") as file, h5py.File(run / "results.h5") as of:
        file.attrs.update(of.attrs.items())
        for group in ("virtual_turns", "virtual_rounds"):
            of.copy(group, file)
    return path


@functools.cache
def written(variant):
    """A run as the recorder writes it, to be copied: the program that does so takes a while to start."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fedorbit-sample-"))
    atexit.register(shutil.rmtree, folder)
    subprocess.run([SAMPLE, folder / variant, variant])
    return folder / variant


class WithFolder(unittest.TestCase):
    """A folder of its own for each class of tests; `sample` puts a run into it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="fedorbit-analysis-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def sample(cls, name, variant="plain"):
        place = cls.folder / name
        if not place.exists():
            shutil.copytree(written(variant), place)
        return place

    def succeed(self, answer):
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertEqual(answer.stderr, "")
        return answer.stdout

    def print_here(self, *arguments):
        code, printed = report_here(*arguments)
        self.assertEqual(code, 0, printed)
        return printed

    def refuse_here(self, sentence, *arguments):
        code, printed = report_here(*arguments)
        self.assertEqual(code, 2, printed)
        self.assertEqual(len(printed.splitlines()), 1, printed)
        self.assertRegex(printed, sentence)

    def refuse(self, answer, sentence):
        """Exit code 2 and one line."""
        self.assertEqual(answer.returncode, 2, answer.stdout + answer.stderr)
        self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
        self.assertRegex(answer.stderr, sentence)
