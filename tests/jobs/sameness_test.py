"""A run's numbers depend on its options and nothing else: not on the number of ranks, nor on a kill and resume."""

import os
import random
import signal
import subprocess
import time

from analysis.compare import differences
from program import ProgramTest, command, ranks_of


class RunTest(ProgramTest):
    """Whole runs, and whether two of them are the same."""

    def run_to_end(self, directory, *options, **how):
        code, errors = self.fedorbit("run", self.config, "-q", "-o", directory, *options, **how)
        self.assertEqual((code, errors), (0, ""), errors)
        return directory


class SamenessTest(RunTest):
    def results(self, participation, *options):
        """Runs on 1 to 4 ranks, each of which computes its features anew."""
        options = ("--set", f"training.participation={participation}", *options)
        return [self.run_to_end(self.folder / f"ranks{ranks}", *options, ranks=ranks, store=f"{self.folder.name}-{ranks}")
                for ranks in (1, 2, 3, 4)]

    def test_numbers_of_all_clients_do_not_depend_on_the_number_of_ranks(self):
        one, *others = self.results(1)
        for other in others:
            self.assert_same(one, other)

    def test_numbers_of_changing_cohorts_do_not_depend_on_the_number_of_ranks(self):
        # Clients meet other neighbours in every round, so what belongs to them moves between ranks.
        one, *others = self.results(0.3, "--set", "method.weighting=uniform", "--set", "partition.kind=dirichlet")
        for other in others:
            self.assert_same(one, other)

    def test_numbers_of_clients_and_servers_that_keep_state_do_not_depend_on_the_number_of_ranks(self):
        one_bit = ("upload.codec=uniform", "upload.uniform.bits=1", "upload.error_feedback=true")
        factors = ("upload.codec=power_sgd", "upload.power_sgd.rank=1", "upload.error_feedback=true", "upload.zstd=1")
        for strategy, *options in (("scaffold", "optimiser.momentum=0", *one_bit), ("fedadam",),
                                   ("fedavgm", *factors, "download.codec=qsgd")):
            with self.subTest(strategy=strategy):
                options = sum((["--set", option] for option in (
                    f"method.strategy={strategy}", "training.participation=0.5", *options)), [])
                one, other = (self.run_to_end(self.folder / f"{strategy}{ranks}", *options, ranks=ranks)
                              for ranks in (1, 3))
                self.assert_same(one, other)
                in_files = self.run_to_end(self.folder / f"{strategy}-files", *options, "--set", "machine.client_memory=0",
                                           ranks=2)
                lines, compared = differences(one, in_files)
                self.assertEqual([line for line in lines if not line.startswith("option machine.client_memory")], [])
                self.assertGreater(compared, 30)

    SPLIT = ("--set", "synthetic.domains=winter,coarse,infrared", "--set", "partition.unseen_domains=coarse", "--set",
             "partition.validation_fraction=0.3", "--set", "evaluation.select=validation", "--set",
             "evaluation.trained=true", "--set", "dual_prompt.drift_warning=-1")

    def test_numbers_of_splits_and_the_model_that_is_kept_do_not_depend_on_the_number_of_ranks(self):
        one, *others = self.results(0.6, *self.SPLIT, "--set", "partition.unseen_clients=0.2")
        for other in others:
            self.assert_same(one, other)
            for name in ("model.safetensors", "split.csv"):
                self.assertEqual((one / name).read_bytes(), (other / name).read_bytes(), name)

    def test_a_split_that_was_written_gives_the_same_numbers_when_it_is_read(self):
        one = self.run_to_end(self.folder / "one", *self.SPLIT)
        read = ("--set", "partition.kind=file", "--set", f"partition.file={one}/split.csv", *self.SPLIT[:2], *self.SPLIT[6:])
        other = self.run_to_end(self.folder / "other", *read, ranks=2)
        lines, compared = differences(one, other)
        self.assertEqual([line for line in lines if not line.startswith("option partition.")], [])
        self.assertGreater(compared, 30)
        self.assertEqual((one / "split.csv").read_bytes(), (other / "split.csv").read_bytes())

    def test_another_seed_of_training_leaves_the_split_as_it_is(self):
        one = self.run_to_end(self.folder / "one", "--set", "partition.seed=5")
        other = self.run_to_end(self.folder / "other", "--set", "partition.seed=5", "--set", "seed=2")
        self.assertEqual((one / "split.csv").read_bytes(), (other / "split.csv").read_bytes())
        self.assertTrue(any("/turns/loss" in line for line in differences(one, other)[0]))

    def test_numbers_of_learners_of_features_do_not_depend_on_the_number_of_ranks(self):
        for learner in ("fedclip", "linear"):
            with self.subTest(learner=learner):
                options = ("--set", f"method.learner={learner}", "--set", "training.smallest_batch=2")
                one, other = (self.run_to_end(self.folder / f"{learner}{ranks}", *options, ranks=ranks) for ranks in (1, 3))
                self.assert_same(one, other)

    def test_sums_that_do_depend_on_ranks_would_be_noticed(self):
        options = ("--set", "training.aggregation=float32")
        one = self.run_to_end(self.folder / "one", *options)
        other = self.run_to_end(self.folder / "other", *options, ranks=3)
        self.assertNotEqual(differences(one, other)[0], [])

    def test_another_seed_gives_other_numbers(self):
        one = self.run_to_end(self.folder / "one")
        other = self.run_to_end(self.folder / "other", "--set", "seed=2")
        self.assertTrue(any("/turns/loss" in line for line in differences(one, other)[0]))


class ResumeTest(RunTest):
    # Long enough to be caught in the middle.
    LONG = (*SamenessTest.SPLIT, "--set", "upload.codec=top_k", "--set", "upload.error_feedback=true", "--set",
            "download.codec=uniform", "--set", "download.uniform.bits=4", "--set", "training.rounds=200", "--set",
            "training.participation=0.3", "--set", "evaluation.every=20", "--set", "checkpoint.every=3")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.whole = cls.shared / "whole"
        started = subprocess.run(command("run", cls.config, "-q", "-o", cls.whole, *cls.LONG), env=cls.environment())
        assert started.returncode == 0

    def caught(self, directory, ranks, catch, delay):
        """A run that is caught some time after its first checkpoint; returns (exit code, errors)."""
        launcher = self.start("run", self.config, "-q", "-o", directory, *self.LONG, ranks=ranks)
        self.wait_for(directory / "checkpoint.h5", launcher)
        time.sleep(delay)
        catch(launcher)
        code, errors = self.finish(launcher)
        self.assertFalse((directory / "results.h5").exists(), "it was not caught in the middle")
        self.assertTrue((directory / "results.h5.part").exists())
        return code, errors

    def kill_all_ranks(self, launcher):
        victims = ranks_of(launcher) or [launcher.pid]
        for process in victims:
            os.kill(process, signal.SIGKILL)

    def test_a_killed_run_goes_on_to_the_same_numbers(self):
        seed = time.time_ns()
        chance = random.Random(seed)
        for before, after in ((2, 3), (3, 1), (1, 2)):
            delay = chance.uniform(0, 0.25)
            with self.subTest(before=before, after=after, delay=delay):
                directory = self.folder / f"killed-{before}-{after}"
                code, _ = self.caught(directory, before, self.kill_all_ranks, delay)
                self.assertNotEqual(code, 0)
                self.run_to_end(directory, *self.LONG, ranks=after)
                self.assert_same(self.whole, directory)

    def test_a_run_that_gets_a_signal_says_how_to_go_on_and_does(self):
        for before, after in ((2, 1), (1, 3)):
            with self.subTest(before=before, after=after):
                directory = self.folder / f"signal-{before}-{after}"
                code, errors = self.caught(directory, before, lambda job: job.send_signal(signal.SIGUSR2), 0.05)
                self.assertEqual(code, 75, errors)
                self.run_to_end(directory, *self.LONG, ranks=after)
                self.assert_same(self.whole, directory)

    def test_a_run_goes_on_with_other_room_for_what_clients_keep(self):
        directory, scratch = self.folder / "moved", self.folder / "scratch"
        scratch.mkdir()
        code, errors = self.caught(directory, 2, lambda job: job.send_signal(signal.SIGUSR2), 0.05)
        self.assertEqual(code, 75, errors)
        self.run_to_end(directory, *self.LONG, "--set", "machine.client_memory=0", "--set", f"machine.scratch={scratch}",
                        ranks=3)
        self.assert_same(self.whole, directory)
        self.assertEqual(list(scratch.iterdir()), [], "files of what clients keep have no names")

    def test_a_finished_run_stays_as_it_is(self):
        before = (self.whole / "results.h5").read_bytes()
        self.run_to_end(self.whole, *self.LONG)
        self.assertEqual((self.whole / "results.h5").read_bytes(), before)
