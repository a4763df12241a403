"""What comes of a run when a rank dies or stands still, when its user presses Ctrl-C, and when there is no MPI."""

import os
import pathlib
import resource
import signal
import subprocess
import time
import unittest.mock

import h5py

from program import FEDORBIT, RANKS, ProgramTest, ranks_of

SECONDS = 10  # what is promised: nobody outlives a dead rank by more
LAUNCHER = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "mpirun"


def process_of(rank, launcher):
    """The process of that rank."""
    for process in ranks_of(launcher):
        variables = pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        if f"OMPI_COMM_WORLD_RANK={rank}".encode() in variables:
            return process
    raise AssertionError(f"rank {rank} is not there")


def events(directory):
    """(kind, message) of a run's events."""
    with h5py.File(directory / "results.h5") as file:
        return [(kind.decode(), message.decode()) for kind, message in zip(file["events/kind"], file["events/message"])]


class DeathTest(ProgramTest):
    def begun(self, directory, *, ranks=1, rounds=100000, **options):
        """A run that has its first checkpoint."""
        launcher = self.start("run", self.config, "-q", "-o", directory, "--set", f"training.rounds={rounds}", ranks=ranks,
                              **options)
        self.wait_for(directory / "checkpoint.h5", launcher)
        return launcher

    def test_ranks_do_not_outlive_one_that_died_whatever_their_launcher_waits_for(self):
        with unittest.mock.patch.dict(os.environ, OMPI_MCA_odls_base_sigkill_timeout="60"):
            for victim in (0, 1, 2):
                with self.subTest(victim=victim):
                    launcher = self.begun(self.folder / f"run{victim}", ranks=3)
                    os.kill(process_of(victim, launcher), signal.SIGKILL)
                    deadline = time.monotonic() + SECONDS
                    while ranks_of(launcher):
                        self.assertLess(time.monotonic(), deadline, "a rank is still there")
                        time.sleep(0.1)
                    self.end(launcher)

    def test_one_sentence_says_which_rank_died_and_how_to_go_on(self):
        for victim in (0, 2):
            with self.subTest(victim=victim):
                directory = self.folder / f"run{victim}"
                launcher = self.begun(directory, ranks=3)
                process = process_of(victim, launcher)
                os.kill(process, signal.SIGKILL)
                code, errors = self.finish(launcher, SECONDS)
                self.assertNotEqual(code, 0)
                said = [line for line in errors.splitlines() if "was killed or has crashed" in line]
                self.assertEqual(len(said), 1, errors)
                self.assertIn(f"rank {victim} (process {process} on ", said[0])
                self.assertIn(f"fedorbit run {self.config} -o {directory} goes on", said[0])

    def test_a_rank_that_stood_still_is_an_event(self):
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                directory = self.folder / f"run{ranks}"
                launcher = self.begun(directory, ranks=ranks, rounds=200)
                victim = process_of(1, launcher) if ranks > 1 else launcher.pid
                os.kill(victim, signal.SIGSTOP)
                time.sleep(7)
                os.kill(victim, signal.SIGCONT)
                code, errors = self.finish(launcher)
                self.assertEqual(code, 0, errors)
                still = [message for kind, message in events(directory) if kind == "paused"]
                self.assertEqual(len(still), 1, events(directory))
                self.assertRegex(still[0], rf"^rank {ranks - 1} stood still for [6-9]\.\d s")
                self.assertIn(still[0], errors)

    def test_after_one_ctrl_c_ranks_take_the_time_to_save(self):
        directory = self.folder / "run"
        launcher = subprocess.Popen(
            [LAUNCHER, *RANKS, "-n", "2", FEDORBIT, "run", self.config, "-o", directory, "--set", "training.rounds=100000"],
            cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        self.addCleanup(self.end, launcher)
        self.wait_for(directory / "checkpoint.h5", launcher)
        os.killpg(launcher.pid, signal.SIGINT)  # as the terminal does
        code, errors = self.finish(launcher)
        self.assertEqual(code, 75, errors)
        self.assertRegex(errors, rf"interrupted after \d+ rounds\. fedorbit run {self.config} -o {directory} goes on")

    def test_a_run_alone_needs_no_mpi(self):
        # MPI would not start: it wants more files than that.
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / "run",
                                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)))
        self.assertEqual((code, errors), (0, ""))
