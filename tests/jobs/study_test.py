"""Studies as their users run them: one command that goes on where it stopped, however it stopped."""

import json
import os
import shutil
import signal

import h5py
from program import FEDORBIT, ProgramTest
from refusal import RefusalTest


class StudyTest(ProgramTest):
    def study(self, words, name="study.toml"):
        """A study over the tests' experiment."""
        file = self.folder / name
        file.write_text(f'base = "{self.config}"\n' + words)
        return file

    def play(self, file, *more, seconds=120):
        return self.finish(self.start("study", file, "-o", self.folder / "all", *more), seconds)

    def losses(self, folder="all"):
        found = {}
        for file in sorted((self.folder / folder).glob("*/results.h5")):
            with h5py.File(file) as results:
                found[file.parent.name] = results["rounds/loss"][:].tolist()
        return found

    def test_all_runs_are_done_by_one_command_and_found_finished_by_the_next(self):
        file = self.study("[settings]\nmethod.learner = ['prompt', 'dual_prompt']\n[repeats]\nseed = [1, 2]")
        code, errors = self.play(file)
        self.assertEqual(code, 0, errors)
        names = [run["name"] for run in json.loads((self.folder / "all/study.json").read_text())["runs"]]
        self.assertEqual(len(names), 4)
        self.assertEqual(list(self.losses()), sorted(names))
        self.assertEqual((self.folder / "all/study.toml").read_text(), file.read_text())
        self.assertRegex(errors, r"4 runs, 0 finished, 4 to go on \d+ cores?  left .* \(by a timed run of 2 rounds\)")
        for name in names:
            self.assertRegex(errors, rf"\[[1-4]/4\] {name}  [\d.]+ s  global pool [\d.]+ %")
        before = self.losses()
        code, errors = self.play(file)
        self.assertEqual(code, 0, errors)
        self.assertNotIn("[", errors.splitlines()[0])
        self.assertIn("4 of 4 runs finished", errors)
        self.assertEqual(self.losses(), before)

    def test_a_run_that_fails_is_named_and_the_others_go_on(self):
        file = self.study("[settings]\npartition.clients = [3, 100000, 4]")
        code, errors = self.play(file)
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors, r"clients=100000  failed: .*100000 clients cannot share")
        self.assertIn("2 of 3 runs finished, 1 failed, the first clients=100000", errors)
        self.assertEqual(list(self.losses()), ["clients=3", "clients=4"])
        launcher = self.start("study", file, "-o", self.folder / "all", "--status")
        out, _ = launcher.communicate(timeout=30)
        self.assertRegex(out, r"clients=3 +finished  global pool")
        self.assertRegex(out, r"clients=100000 +failed: .*cannot share")
        self.assertIn("3 runs, 1 failed, 2 finished", out)

    def test_a_study_whose_launcher_and_rank_are_killed_ends_with_the_same_numbers(self):
        words = ("ranks = 2\n[options]\ntraining.rounds = 40\n[settings]\npartition.clients = [6, 10]\n"
                 "[repeats]\nseed = [1]")
        file = self.study(words)
        code, errors = self.finish(self.start("study", file, "-o", self.folder / "whole"), 300)
        self.assertEqual(code, 0, errors)
        launcher = self.start("study", file, "-o", self.folder / "all")
        first = self.folder / "all/clients=6,seed=1"
        self.wait_for(first / "checkpoint.h5", launcher, 120)
        launcher.kill()  # its run is told by the system, and saves
        launcher.communicate()
        launcher = self.start("study", file, "-o", self.folder / "all")
        killed = self.kill_a_rank(launcher, "clients=10,seed=1")
        code, errors = self.finish(launcher, 300)
        self.assertEqual(code, 0, errors)
        if killed:
            self.assertIn("clients=10,seed=1  was killed; it goes on", errors)
        self.assertEqual(self.losses(), self.losses("whole"))

    def kill_a_rank(self, study, name):
        """One rank of the run of that name, once it has a checkpoint; false where the run was quicker."""
        self.wait_for(self.folder / "all" / name / "results.h5.part", study, 120)
        for process in os.listdir("/proc"):
            try:
                words = open(f"/proc/{process}/cmdline", "rb").read().split(b"\0")
                if words[0].decode() == FEDORBIT and f"{name}/run.toml".encode() in words[2]:
                    os.kill(int(process), signal.SIGKILL)
                    return True
            except (OSError, IndexError, ValueError):
                continue
        return False

    def test_a_signal_ends_a_study_resumably(self):
        file = self.study("[options]\ntraining.rounds = 400\n[repeats]\nseed = [1, 2, 3]")
        launcher = self.start("study", file, "-o", self.folder / "all")
        self.wait_for(self.folder / "all/seed=1/checkpoint.h5", launcher)
        launcher.send_signal(signal.SIGTERM)
        code, errors = self.finish(launcher, 30)
        self.assertEqual(code, 75, errors)
        self.assertRegex(errors, r"seed=1  interrupted")
        self.assertTrue((self.folder / "all/seed=1/results.h5.part").exists())

    def test_a_study_that_grew_adds_what_is_new_and_one_that_changed_is_refused(self):
        code, errors = self.play(self.study("[repeats]\nseed = [1]"))
        self.assertEqual(code, 0, errors)
        code, errors = self.play(self.study("[repeats]\nseed = [1, 2]"))
        self.assertEqual(code, 0, errors)
        self.assertIn("new in this study: 1 run, the first seed=2", errors)
        before = self.losses()
        for words, sentence in (
            ("options.training.rounds = 7\n[repeats]\nseed = [1, 2]",
             r"holds the run seed=1 with other options: training.rounds is 6 there and 7 here"),
            ("[repeats]\nseed = [1]", r"holds the run seed=2, which the study does not describe any more")):
            code, errors = self.play(self.study(words))
            self.assertEqual(code, 1, errors)
            self.assertRegex(errors, sentence)
        self.assertEqual(self.losses(), before)

    def test_results_of_which_nothing_says_by_what_options_they_came_are_not_taken_for_finished(self):
        code, errors = self.play(self.study("[repeats]\nseed = [1]"))
        self.assertEqual(code, 0, errors)
        (self.folder / "all/seed=1/run.toml").unlink()
        code, errors = self.play(self.study("[repeats]\nseed = [1]"))
        self.assertEqual(code, 0, "study.json knows them as of the same options: " + errors)
        for _ in range(2):
            code, errors = self.play(self.study("options.training.rounds = 7\n[repeats]\nseed = [1]"))
            self.assertEqual(code, 1, errors)
            self.assertRegex(errors, r"holds results of the run seed=1 without its run\.toml, and study\.json does not know")

    def test_a_run_that_must_begin_anew_is_told_how_in_a_study(self):
        file = self.study("[repeats]\nseed = [1]")
        self.assertEqual(self.play(file)[0], 0)
        (self.folder / "all/seed=1/results.h5").unlink()
        code, errors = self.play(file)
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors, r"pass --restart to begin anew\. In a study remove .*all/seed=1 for that\.")
        shutil.rmtree(self.folder / "all/seed=1")
        code, errors = self.play(file)
        self.assertEqual(code, 0, errors)

    def test_what_all_runs_need_is_made_once_before_them(self):
        made = self.folder / "data.h5"
        command = f"prepare --synthetic --classes forest,river --per-class 12 --size 32 -o {made}"
        words = (f"options.data.path = '{made}'\n[repeats]\nseed = [1, 2]\n"
                 f"[[before]]\ncommand = '{command}'\nmakes = '{made}'")
        code, errors = self.play(self.study(words))
        self.assertEqual(code, 0, errors)
        self.assertEqual(errors.count("before the runs: prepare"), 1)
        time_made = made.stat().st_mtime
        code, errors = self.play(self.study(words))
        self.assertEqual((code, made.stat().st_mtime), (0, time_made), errors)

    def test_a_dry_run_lists_the_runs_and_writes_nothing(self):
        launcher = self.start("study", self.study("[settings]\nranks = [1, 2]"), "-o", self.folder / "all", "--dry-run")
        out, _ = launcher.communicate(timeout=30)
        self.assertEqual(out.splitlines()[:2], ["ranks=1  1 rank", "ranks=2  2 ranks"])
        self.assertFalse((self.folder / "all").exists())

    def test_more_ranks_than_cores_are_warned_of_once(self):
        words = f"[settings]\nranks = [{2 * os.cpu_count()}]\n[repeats]\nseed = [1, 2]\n[options]\ntraining.rounds = 1"
        code, errors = self.play(self.study(words))
        self.assertEqual(code, 0, errors)
        self.assertEqual(errors.count("warning: "), 1, errors)
        self.assertIn("its ranks take turns", errors)


class RefusedStudies(RefusalTest):
    def test_a_study_is_refused_before_anything_starts(self):
        file = self.folder / "study.toml"
        file.write_text("[settings]\npartition.clients = [1, 2, 0]")
        self.refused(r"partition\.clients = 0 is not in its range", "study", file, "-o", self.folder / "all")
        file.write_text("[repeats]\nseed = [1, 2]")
        (self.folder / "mine").mkdir()
        (self.folder / "mine/notes.txt").write_text("mine")
        self.refused(r"holds other things \(notes\.txt\)", "study", file, "-o", self.folder / "mine")
        self.refused(r"call it without mpirun", "study", file, "-o", self.folder / "all", ranks=2)
