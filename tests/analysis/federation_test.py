"""What `report summary` says of a federation: what it is made of, and what a round of it costs."""

import unittest

import h5py
import numpy
from sample_files import WithFolder, change_options, links_file

from analysis import federation

LINKS = {f"links.{name}": -1.0 for name in ("download_rate", "upload_rate", "latency", "jitter", "loss", "spread", "server_rate",
                                            "contact_period", "contact_seconds")}
LINKS |= {"links.profile": "mobile", "links.trace": "", "links.step_seconds": 0.5, "links.speed_spread": 0.0}
SCHEDULE = {f"schedule.{name}": 0.0 for name in ("availability_period", "deadline", "dropout", "window", "concurrency")}
SCHEDULE |= {"schedule.kind": "rounds", "schedule.availability": "", "schedule.invited": 1.0, "schedule.buffer": 10}
MESSAGES = {"upload.codec": "float32", "download.codec": "float32", "upload.zstd": 0, "upload.top_k.fraction": 0.01}


class Federation(WithFolder):
    def test_links_schedule_and_messages_are_a_line_of_what_was_said(self):
        plain = LINKS | SCHEDULE | MESSAGES
        self.assertEqual(federation.line(plain), "links: mobile, 0.5 s a local step · schedule: rounds · "
                         "messages: float32 up, float32 down")
        for said, words in (
                ({"links.upload_rate": 5.0, "links.loss": 0.0, "links.speed_spread": 0.5},
                 "links: mobile, 5 Mbit/s up, loss 0, 0.5 s a local step, speeds spread by 0.5 · "),
                ({"links.contact_period": 0.0, "links.contact_seconds": 0.0, "links.server_rate": 0.0},
                 "links: mobile, always in contact, 0.5 s"),
                ({"links.trace": "t.csv", "links.latency": 5.0, "links.jitter": 0.1},  # latencies are the trace's
                 "links: trace t.csv, all else of mobile, jitter 0.1 s, 0.5 s"),
                ({"schedule.deadline": 5.0, "schedule.invited": 1.5},
                 "schedule: rounds, 1.5 times as many invited as are waited for, deadline 5 s · "),
                ({"schedule.kind": "buffer"}, "schedule: buffer, a step with 10 reports · "),
                ({"schedule.kind": "window", "schedule.window": 3.0}, "schedule: window, a step every 3 s · "),
                ({"schedule.availability": "there.csv", "schedule.availability_period": 400.0, "schedule.dropout": 0.3},
                 "clients there as in there.csv, again every 400 s, dropout 0.3 · "),
                ({"upload.codec": "top_k", "upload.zstd": 3}, "messages: top_k (fraction 0.01, zstd 3) up, float32 down")):
            self.assertIn(words, federation.line(plain | said))
        self.assertNotIn("links", federation.line(plain | {"links.step_seconds": 0.0}))  # dropout alone needs none
        older = {"links.profile": "mobile", "links.step_seconds": 0.5, "schedule.kind": "rounds"}  # without later options
        self.assertEqual(federation.line(older), "links: mobile, 0.5 s a local step · schedule: rounds")
        self.assertEqual(federation.line(LINKS), "links: mobile, 0.5 s a local step")  # of `fedorbit links`

    def timed(self):
        """Three rounds of 10, 30 and 20 s; the slowest client of the last reports after 17 of them."""
        run = self.sample("timed")
        sections = {key.replace(".", "__"): f'"{value}"' if isinstance(value, str) else value
                    for key, value in (LINKS | SCHEDULE | MESSAGES | {"schedule.deadline": 30.0}).items()}
        change_options(run / "results.h5", seed=1, **sections)
        rounds = {"round": [0, 1, 2], "start_seconds": [0.0, 10.0, 40.0], "seconds": [10.0, 30.0, 20.0],
                  "slowest_client": [5, 4, 3]}
        turns = {"row": [0, 1, 2, 3], "round": [2, 2, 2, 1], "client": [1, 3, 3, 3], "version": [2] * 4,
                 "outcome": [b"counted", b"late", b"counted", b"counted"], "download_bytes": [1] * 4,
                 "start_seconds": [40.0, 38.0, 38.0, 10.0], "download_waiting_seconds": [0.0, 0.0, 3.0, 0.0],
                 "download_seconds": [9.0, 9.0, 1.0, 9.0], "training_seconds": [9.0, 9.0, 8.0, 9.0],
                 "upload_waiting_seconds": [0.0, 0.0, 2.5, 0.0], "upload_seconds": [9.0, 9.0, 4.5, 9.0]}
        with h5py.File(run / "results.h5", "r+") as file:
            for group, columns in (("virtual_rounds", rounds), ("virtual_turns", turns)):
                for name, values in columns.items():
                    file[group][name].resize((len(values),))
                    file[group][name][:] = numpy.array(values).astype(file[group][name].dtype)
        return run

    def test_the_median_round_says_what_its_slowest_client_spent_it_on(self):
        run = self.timed()
        for place in (run, links_file(self.folder / "links.h5", run)):
            printed = self.print_here("summary", place)
            self.assertRegex(printed, r"│ +2 │ 20\.000 │ +3 │ +1\.000 │ +5\.500 │ +8\.000 │ +4\.500 │ +19\.000 │")
            self.assertIn("its turn began 2.000 s before the round", printed)
            self.assertRegex(printed, r"the round went on for 3\.000 s")
            self.assertRegex(printed, r"links: mobile, 0\.5 s a local step · schedule: rounds, deadline 30 s")

    def test_a_run_without_a_federations_seconds_says_nothing_of_them(self):
        printed = self.print_here("summary", self.sample("plain"))
        self.assertNotIn("median round", printed)
        self.assertNotIn("links:", printed)


if __name__ == "__main__":
    unittest.main()
