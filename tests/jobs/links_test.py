"""`fedorbit links`: what a finished run would have taken in a real federation."""

import subprocess

import h5py
import numpy

from program import ProgramTest, command

PLAIN = ("--profile", "fibre", *(f"--set=links.{option}" for option in (
    "download_rate=0.8", "upload_rate=0.4", "latency=0", "jitter=0", "spread=0")))  # 100,000 and 50,000 bytes a second


class LinksTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run(command("run", cls.config, "-q", "-o", cls.shared / "run", "--set", "training.participation=0.4"),
                       env=cls.environment(), check=True, timeout=60)

    def links(self, *arguments):
        return subprocess.run(command("links", *arguments), cwd=self.folder, env=self.environment(), capture_output=True,
                              text=True, timeout=60)

    def test_rounds_end_with_their_slowest_client(self):
        answer = self.links(self.shared / "run", *PLAIN, "--step-seconds", "0.25", "-o", "links.h5")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        with h5py.File(self.shared / "run" / "results.h5") as run, h5py.File(self.folder / "links.h5") as links:
            turns = {name: column[:] for name, column in run["turns"].items()}
            rounds = {name: column[:] for name, column in links["virtual_rounds"].items()}
            virtual = {name: column[:] for name, column in links["virtual_turns"].items()}
        numpy.testing.assert_allclose(virtual["download_seconds"], turns["download_bytes"] / 100000)
        numpy.testing.assert_allclose(virtual["upload_seconds"], turns["upload_bytes"] / 50000)
        numpy.testing.assert_allclose(virtual["training_seconds"], turns["steps"] * 0.25)
        whole = sum(virtual[f"{part}_seconds"] for part in ("download", "download_waiting", "training", "upload",
                                                             "upload_waiting"))
        longest = [whole[turns["round"] == r].max() for r in range(6)]
        numpy.testing.assert_allclose(rounds["seconds"], longest)
        numpy.testing.assert_allclose(rounds["start_seconds"], numpy.cumsum([0, *longest[:-1]]))
        self.assertIn("6 rounds in ", answer.stdout)

    def test_the_time_to_an_accuracy_is_that_of_the_round_that_reached_it(self):
        answer = self.links(self.shared / "run", *PLAIN, "--step-seconds", "0.25", "--accuracy", "0.0001")
        self.assertIn("global pool 0.0 %: 0.0 s, after 0 rounds", answer.stdout)
        answer = self.links(self.shared / "run", *PLAIN, "--step-seconds", "0.25", "--accuracy", "1")
        self.assertIn(": never", answer.stdout)

    def test_what_is_missing_is_a_sentence(self):
        for arguments, sentence in (
                ((self.shared / "run",), "links.step_seconds is not said"),
                ((self.shared / "none", "--step-seconds", "1"), "none"),
                ((self.config, "--step-seconds", "1"), "experiment.toml"),
                ((self.shared / "run", "--step-seconds", "1", "--set", "links.trace=none.csv"),
                 "links.trace: none.csv cannot be read"),
                ((self.shared / "run", "--step-seconds", "1", "--profile", "moon"), "links.profile")):
            answer = self.links(*arguments, "-o", "none.h5")
            self.assertEqual(answer.returncode, 1, answer.stdout)
            self.assertIn(sentence, answer.stderr)
            self.assertFalse((self.folder / "none.h5").exists())
