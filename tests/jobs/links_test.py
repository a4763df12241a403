"""`fedorbit links`: what a finished run would have taken in a real federation."""

import pathlib
import signal
import subprocess

import h5py
import numpy

from analysis.compare import differences
from program import ProgramTest, command

ROOT = pathlib.Path(__file__).resolve().parents[2]
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
        summary = subprocess.run([ROOT / "analysis" / "report", "summary", "links.h5"], cwd=self.folder,
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual((summary.returncode, summary.stderr), (0, ""))
        self.assertRegex(summary.stdout, r"Virtual time *\n[^0-9]*6 .* " + f"{rounds['seconds'].sum():.1f}")
        self.assertRegex(summary.stdout, rf"counted .* {len(whole)} .* {virtual['training_seconds'].mean():.3f}")

    def test_the_time_to_an_accuracy_is_that_of_the_round_that_reached_it(self):
        answer = self.links(self.shared / "run", *PLAIN, "--step-seconds", "0.25", "--accuracy", "0.0001")
        self.assertIn("global pool 0.0 %: 0.0 s, after 0 rounds", answer.stdout)
        answer = self.links(self.shared / "run", *PLAIN, "--step-seconds", "0.25", "--accuracy", "1")
        self.assertIn(": never", answer.stdout)

    def test_a_run_whose_links_are_said_has_the_seconds_that_are_found_afterwards(self):
        code, errors = self.fedorbit("run", self.config, "-q", "-o", "timed", "--set=training.participation=0.4",
                                     "--set=links.step_seconds=0.25", "--set=links.profile=low_orbit", ranks=2)
        self.assertEqual((code, errors), (0, ""))
        answer = self.links(self.shared / "run", "--profile", "low_orbit", "--step-seconds", "0.25", "-o", "links.h5")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        with h5py.File(self.folder / "timed" / "results.h5") as run, h5py.File(self.folder / "links.h5") as links:
            for table in ("virtual_turns", "virtual_rounds"):
                for name, column in links[table].items():
                    numpy.testing.assert_array_equal(run[table][name][:], column[:], f"{table}/{name}")
            said = bytes(run.attrs["links"]).decode() if not isinstance(run.attrs["links"], str) else run.attrs["links"]
            for line in ("download_rate = 0.25", "contact_period = 5700", "step_seconds = 0.25"):
                self.assertIn(line, said)  # the profile's numbers are in the file

    def test_a_run_by_a_schedule_has_the_seconds_of_its_own_links(self):
        schedule = [f"--set={option}" for option in (
            "schedule.kind=buffer", "schedule.buffer=2", "links.step_seconds=0.25", "links.speed_spread=1",
            "training.rounds=8")]
        for ranks in (1, 2):
            code, errors = self.fedorbit("run", self.config, "-q", *schedule, "-o", f"buffer{ranks}", ranks=ranks)
            self.assertEqual((code, errors), (0, ""))
        self.assertEqual(differences(self.folder / "buffer1", self.folder / "buffer2")[0], [])
        with h5py.File(self.folder / "buffer1" / "results.h5") as run:
            rounds = {name: column[:] for name, column in run["virtual_rounds"].items()}
            turns = {name: column[:] for name, column in run["virtual_turns"].items()}
            counts, received = run["rounds/turns"][:], run["rounds/download_bytes"][:]
        self.assertEqual(list(counts), [2] * 8)
        numpy.testing.assert_array_equal(received, [turns["download_bytes"][turns["round"] == r].sum() for r in range(8)])
        numpy.testing.assert_allclose(rounds["start_seconds"][1:], (rounds["start_seconds"] + rounds["seconds"])[:-1])
        self.assertTrue((turns["version"] < turns["round"]).any())
        self.assertEqual(set(turns["round"][turns["outcome"] == b"unfinished"]), {7})
        answer = self.links(self.folder / "buffer1")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertIn("8 rounds in ", answer.stdout)
        answer = self.links(self.folder / "buffer1", "--step-seconds", "3")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("was scheduled by links of its own", answer.stderr)

    def test_a_run_goes_on_with_the_traces_alone_that_it_began_with(self):
        traces = {"schedule.availability": ("there.csv", lambda client: f"{client},0,100", "availability_sha256"),
                  "links.trace": ("links.csv", lambda client: f"{client},8,8,0.1", "links_trace_sha256")}
        options = ["links.step_seconds=0.01", "schedule.availability_period=10000", "training.rounds=300", "checkpoint.every=3"]
        for option, (name, line, _) in traces.items():
            (self.folder / name).write_text("".join(line(client) + "\n" for client in range(10)))
            options.append(f"{option}={self.folder / name}")
        run = ("run", self.config, "-q", "-o", self.folder / "run", *(f"--set={option}" for option in options))
        launcher = self.start(*run, ranks=2)
        self.wait_for(self.folder / "run/checkpoint.h5", launcher)
        launcher.send_signal(signal.SIGUSR2)
        self.assertEqual(self.finish(launcher)[0], 75)
        for name, line, checksum in traces.values():
            file = self.folder / name
            before = file.read_text()
            file.write_text(before.replace(line(7), line(7) + "1"))
            code, errors = self.fedorbit(*run)
            self.assertEqual(code, 1)
            self.assertRegex(errors, rf"was begun with {checksum} = \w{{64}}, which is now \w{{64}}: the run cannot go on")
            file.write_text(before)
        self.assertEqual(self.fedorbit(*run)[0], 0)

    def test_schedules_that_cannot_be_are_a_sentence(self):
        timed = "--set=links.step_seconds=1"
        for options, sentence in (
                (("--set=schedule.kind=buffer",), "links.step_seconds is not said"),
                (("--set=links.profile=fibre",), "nothing of [schedule] goes by their seconds"),
                (("--set=schedule.buffer=3",), "says nothing to schedule.kind = rounds"),
                (("--set=schedule.invited=1.5", timed), "are 15, more than the 10 there are"),
                (("--set=schedule.availability_period=9",), "schedule.availability, which names no file"),
                (("--set=links.contact_seconds=9", timed), "clients are always in contact"),
                (("--set=links.latency=-0.5", timed), "links.latency = -0.5 is negative"),
                (("--set=schedule.deadline=1e-6", timed), "came after schedule.deadline"),
                (("--set=schedule.availability=none.csv", timed), "none.csv cannot be read"),
                (("--set=schedule.kind=buffer", "--set=schedule.buffer=11", timed), "at most so many"),
                (("--set=schedule.kind=buffer", "--set=method.strategy=scaffold", "--set=optimiser.momentum=0",
                  "--set=schedule.buffer=2", timed), "defined for whole cohorts"),
                (("--set=schedule.deadline=9", "--set=upload.codec=top_k", "--set=upload.zstd=3", timed),
                 "take a codec of fixed length")):
            with self.subTest(options=options):
                self.refused_at_once(sentence, *options)

    def refused_at_once(self, sentence, *options):
        """Before anything is made in the run's place, and before data is read that is not there."""
        for data in ((), ("--data", "none.h5")) if "deadline=1e-6" not in str(options) else ((),):
            code, errors = self.finish(self.start("run", self.config, "-q", *data, *options, "-o", "none", ranks=2), 10)
            self.assertEqual(code, 1, errors)
            self.assertEqual(errors.count(sentence), 1, errors)
            self.assertFalse((self.folder / "none").exists(), errors)

    def test_traces_that_cannot_be_are_a_sentence_before_data_is_read(self):
        timed = "--set=links.step_seconds=1"
        trace = self.folder / "trace.csv"
        link, there = "schedule.deadline=9", f"schedule.availability={trace}"
        for lines, option, sentence in (
                ("0,8,4,0.1", link, "ends before client 1 of 10"),
                ("0,8,4,0.1\n2,8,4,0.1", link, "client 2 stands where 1 should"),
                ("0,-8,4,0.1", link, '"0,-8,4,0.1" has a rate that is not above 0'),
                ("".join(f"{client},8,4,0.1\n" for client in range(10)), "links.latency=3", "says nothing beside links.trace"),
                ("0,8,4", link, '"0,8,4" is not `client,download Mbit/s,upload Mbit/s,latency s`'),
                ("0,5,9\n0,1,2", there, '"0,1,2" begins before'),
                ("0,5,9\n2,1,2", there, "client 2 stands where 1 should"),
                ("0,9,5", there, '"0,9,5" is not `client,from s,until s`'),
                ("0,5,9", there, "ends before client 1 of 10")):
            with self.subTest(lines=lines):
                trace.write_text(lines + "\n")
                links = () if option == there else (f"--set=links.trace={trace}",)
                self.refused_at_once(sentence, timed, f"--set={option}", *links)

    def test_a_trace_that_ends_before_the_run_does_is_refused_before_anything_is_written(self):
        trace = self.folder / "there.csv"
        trace.write_text("".join(f"{client},0,30\n" for client in range(10)))
        code, errors = self.fedorbit("run", self.config, "-q", "-o", "ends", "--set=links.step_seconds=1",
                                     "--set=training.rounds=100", f"--set=schedule.availability={trace}", ranks=2)
        self.assertEqual(code, 1)
        self.assertRegex(errors, r"in round [1-9]\d*, .* no client is there any more; schedule.availability_period repeats")
        self.assertFalse((self.folder / "ends").exists())

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
