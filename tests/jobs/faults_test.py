"""A run that was killed, or whose files were damaged, ends as if nothing had happened, or says why it cannot. The same for
every call, and a thousand times, is what tests/faults/*.py do by hand."""

import pathlib
import random
import shutil
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "faults"))
import flips
import kills
import sweep
from program import FEDORBIT, MPIEXEC, ProgramTest
from small_run import SmallRun

DEMO = pathlib.Path(__file__).resolve().parents[2] / "configs/demo.toml"


class FaultsTest(ProgramTest):
    def small_run(self, **more):
        return SmallRun(FEDORBIT, DEMO, self.shared / "small", **more)

    @unittest.skipUnless(shutil.which("strace"), "strace, which records what a run writes, is not installed")
    def test_a_folder_as_it_was_at_any_moment_leads_to_the_same_numbers(self):
        stride = 11
        for kind in ("fresh", "resumed"):
            first = random.Random(time.time_ns()).randrange(stride)
            run = SmallRun(FEDORBIT, DEMO, self.shared / "swept", sweep.OPTIONS)
            tried = 0
            for number, what, outcome, details in sweep.trials(run, kind, 200, stride, first):
                tried += 1
                with self.subTest(kind=kind, number=number, what=what):
                    self.assertEqual(outcome, "same", details)
            self.assertGreater(tried, 5)

    def test_a_flipped_bit_never_leads_to_other_numbers(self):
        allowed = {"checkpoint.h5": {"same"}, "results.h5.part": {"same"},
                   "results.h5.journal": {"same", "refused, and --restart leads to the same"}}
        run, seed = self.small_run(), random.Random(time.time_ns()).randrange(10**6) * 10
        for name, count in (("checkpoint.h5", 10), ("results.h5.part", 3), ("results.h5.journal", 8)):
            for number, what, outcome, details in flips.trials(run, name, range(seed, seed + count)):
                with self.subTest(name=name, number=number, what=what):
                    self.assertIn(outcome, allowed[name], details)

    def test_a_run_killed_several_times_on_changing_ranks_ends_the_same(self):
        first = random.Random(time.time_ns()).randrange(10**6)
        for trial in kills.trials(FEDORBIT, DEMO, self.shared / "killed", MPIEXEC, range(first, first + 2)):
            with self.subTest(trial=trial):
                self.assertEqual(trial[3], "same")

    def test_a_killed_pretraining_goes_on_to_the_same_weights(self):
        options = ("synthetic.per_class=16", "synthetic.size=32", "synthetic.classes=forest,river,harbor",
                   "clip.embed_dim=16", "clip.image_size=16", "clip.vision_width=32", "clip.vision_layers=1",
                   "clip.vision_heads=2", "clip.text_width=32", "clip.text_layers=1", "clip.text_heads=2",
                   "captions.merges=40", "training.epochs=60", "training.batch_size=8", "training.evaluate_every=60")
        arguments = [word for option in options for word in ("--set", option)]
        whole, killed = self.folder / "whole.safetensors", self.folder / "killed.safetensors"
        code, errors = self.fedorbit("pretrain", *arguments, "-o", whole)
        self.assertEqual(code, 0, errors)
        launcher = self.start("pretrain", *arguments, "-o", killed)
        self.wait_for(self.folder / "killed.safetensors.checkpoint", launcher)
        launcher.send_signal(signal.SIGKILL)
        launcher.communicate()
        self.assertFalse(killed.exists(), "it was not caught in the middle")
        code, errors = self.fedorbit("pretrain", *arguments, "-o", killed)
        self.assertEqual(code, 0, errors)
        self.assertRegex(errors, "goes on after [0-9]+ epochs?")
        self.assertEqual(killed.read_bytes(), whole.read_bytes())
        self.assertFalse((self.folder / "killed.safetensors.checkpoint").exists())
