"""The analysis reads what the recorder wrote: finished, killed, and compared with another run."""

import math
import re
import shutil
import unittest

import h5py
import numpy
from sample_files import WithFolder, bench_file, links_file, report

from analysis import compare, describe, schema
from analysis.measures import MEASURES
from analysis.results_file import Unreadable
from analysis.run import Run, Table
from analysis.settings import setting_in_words
from analysis.words import human_bytes, percent


class Analysis(WithFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for variant in ("plain", "slower", "other", "killed", "divided"):
            cls.sample(variant, variant)

    def test_names_in_python_are_those_of_the_program(self):
        with h5py.File(self.folder / "plain" / "results.h5") as file:
            for table in (schema.Rounds, schema.Domains, schema.Clients, schema.Classes, schema.Turns, schema.Scores,
                          schema.Selections, schema.Templates, schema.Transport, schema.Phases, schema.VirtualTurns,
                          schema.VirtualRounds, schema.Events):
                for key, name in vars(table).items():
                    if key.isupper() and isinstance(name, str) and key != "GROUP":
                        self.assertIn(name, file[table.GROUP])

    def test_scores_are_read(self):
        run = Run(self.folder / "plain")
        rounds, shares = run.pool_accuracy(schema.Judged.GLOBAL)
        self.assertEqual(list(rounds), [1, 2, 3, 4, 5])
        self.assertAlmostEqual(shares[-1], 22 / 30)
        clients, shares = run.client_accuracy(schema.Judged.PERSONAL)[5]
        self.assertEqual(list(clients), [0, 1, 2, 3, 4, 5])
        self.assertAlmostEqual(shares.mean(), 0.7)

    def test_splits_are_told_apart(self):
        plain, divided = Run(self.folder / "plain"), Run(self.folder / "divided")
        for judged in (schema.Judged.GLOBAL, schema.Judged.PERSONAL):
            for mine, other in zip(divided.pool_accuracy(judged), plain.pool_accuracy(judged)):
                numpy.testing.assert_array_equal(mine, other)
        self.assertEqual([schema.name(judged) for judged in divided.judged()],
                         ["zero-shot", "personal", "global", "global validation", "global unseen"])
        self.assertAlmostEqual(divided.pool_accuracy(schema.Judged.UNSEEN)[1][-1], 3 / 9)
        self.assertEqual((plain.selected, divided.selected), (None, (2, 0.8)))
        self.assertAlmostEqual(MEASURES["selected"].find(divided), 100 * divided.pool_accuracy(schema.Judged.GLOBAL)[1][1])
        self.assertTrue(math.isnan(MEASURES["selected"].find(plain)))
        answer = report("summary", self.folder / "divided")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        for pattern in ("global validation .* 50.0 %", "global unseen .* 33.3 %", "model after 2 rounds.*validation 80.0 %",
                        "validation images .* unseen images"):
            self.assertRegex(answer.stdout, pattern)

    def test_domains_are_read_and_clients_counted_by_them(self):
        run = Run(self.folder / "plain")
        self.assertEqual(list(run.domains[schema.Domains.NAME]), ["aerial", "satellite"])
        self.assertEqual(list(run.clients[schema.Clients.DOMAIN]), [-1, 0, 1, -1, 0, 1])
        answer = report("summary", self.folder / "plain")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        for row in (r"aerial +│ +2 │ +45 │ +10", r"satellite +│ +2 │ +47 │ +10", r"several +│ +2 │ +43 │ +10"):
            self.assertRegex(answer.stdout, row)

    def test_bytes_add_up_over_rounds(self):
        run = Run(self.folder / "plain")
        self.assertEqual(list(run.bytes_until(numpy.array([0, 1, 5]))), [0, 6 * 16384, 5 * 6 * 16384])

    def test_bandwidths_come_from_the_ledger_of_all_ranks(self):
        sums = Run(self.folder / "slower").collectives()["sum", "all_reduce"]
        self.assertEqual(sums["ranks"], 4)
        self.assertAlmostEqual(sums["algbw"], 8200 / 0.001)
        self.assertAlmostEqual(sums["busbw"], 8200 / 0.001 * 1.5)

    def test_gathering_counts_all_rows_and_what_has_no_seconds_of_its_own_has_no_bandwidth(self):
        changed = self.folder / "gathers.h5"
        shutil.copy(self.folder / "plain" / "results.h5", changed)
        with h5py.File(changed, "r+") as file:
            table = file["/transport"]
            sums = table["collective"][:] == b"all_reduce"
            names = numpy.where(sums, b"all_gather", b"agree")
            table["collective"][:] = names.astype(table["collective"].dtype)
            table["transfer_seconds"][:] = numpy.where(sums, 0.001, 0)
        found = Run(changed).collectives()
        self.assertAlmostEqual(found["sum", "all_gather"]["algbw"], 2 * 8200 / 0.001)
        self.assertAlmostEqual(found["sum", "all_gather"]["busbw"], 8200 / 0.001)
        answer = report("summary", changed)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertRegex(answer.stdout, r"all_gather .* 0\.010 │ +16\.4 │ +8\.2 │")
        self.assertRegex(answer.stdout, r"agree .* 0\.000 │ +- │ +- │")

    def test_every_second_of_a_rank_in_the_rounds_is_of_one_part(self):
        changed = self.folder / "set_up.h5"
        shutil.copy(self.folder / "plain" / "results.h5", changed)
        for before_rounds in (False, True):  # what a run was set up with is none of a round's
            ranks, parts = Run(changed).seconds_by_rank()
            rounds = 4 if before_rounds else 5
            self.assertEqual(list(ranks), [0, 1])
            self.assertEqual(list(parts), ["training", "evaluation", "waiting", "transfer", "other"])
            numpy.testing.assert_allclose(parts["training"], rounds * 2.0)
            numpy.testing.assert_allclose(parts["waiting"], [rounds * 0.002, rounds * 0.012])
            numpy.testing.assert_allclose(parts["transfer"], rounds * 0.0015)
            numpy.testing.assert_allclose(parts["other"], 0, atol=1e-12)
            with h5py.File(changed, "r+") as file:
                for table in ("phases", "transport"):
                    file[table]["round"][file[table]["round"][:] == 0] = schema.BEFORE_ROUNDS

    def test_the_file_of_a_killed_run_is_read(self):
        run = Run(self.folder / "killed")
        self.assertFalse(run.finished)
        self.assertEqual(list(run.rounds[schema.Rounds.ROUND]), [0, 1, 2])
        answer = report("summary", self.folder / "killed")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("has not finished", answer.stdout)

    def test_the_summary_shows_the_numbers(self):
        answer = report("summary", self.folder / "plain")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        for pattern in (r"zero-shot .* 33\.3 %", r"global .* 73\.3 %", r"personal .* - .* 70\.0 % .* 60\.0 % .* 80\.0 % .* 6",
                        r"upload .* 8,192 .* 240\.0 KiB", r"training .* 10\.00 .* 10\.00 .* 10\.00 .* 99\.6 %",
                        r"sum .* all_reduce .* 2 .* 20 .* 80\.1 KiB .* 8\.2", r"client 3 holds one class only"):
            self.assertTrue(re.search(pattern, answer.stdout), f"{pattern} is not in\n{answer.stdout}")

    def test_runs_that_differ_in_times_and_ranks_alone_are_the_same(self):
        answer = report("compare", self.folder / "plain", self.folder / "slower")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertIn("identical", answer.stdout)

    def test_runs_that_differ_in_a_number_are_told_apart_to_the_bit(self):
        answer = report("compare", self.folder / "plain", self.folder / "other")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("/rounds/loss: 5 of 5 values, by at most 1e-12", answer.stdout)
        self.assertIn("/turns/loss", answer.stdout)
        self.assertEqual(len(answer.stdout.splitlines()), 2)

    def test_a_shorter_run_and_other_options_differ(self):
        lines, _ = compare.differences(self.folder / "plain", self.folder / "killed")
        self.assertIn("/rounds/loss: shapes (5,) and (3,)", lines)
        self.assertIn("/state/scale: only in the first", lines)
        changed = self.folder / "changed.h5"
        shutil.copy(self.folder / "plain" / "results.h5", changed)
        with h5py.File(changed, "r+") as file:
            file.attrs["options"] = file.attrs["options"].decode().replace("seed = 1", "seed = 2")
        lines, _ = compare.differences(self.folder / "plain", changed)
        self.assertEqual(lines, ["option run.seed: 1 and 2"])

    def test_a_not_a_number_equals_itself_only_in_the_same_place(self):
        changed = self.folder / "nan.h5"
        shutil.copy(self.folder / "plain" / "results.h5", changed)
        with h5py.File(changed, "r+") as file:
            file["/turns/drift"][3] = numpy.nan
        lines, _ = compare.differences(self.folder / "plain", changed)
        self.assertEqual(len(lines), 1)
        self.assertIn("/turns/drift: 1 of 30 values", lines[0])

    def test_what_cannot_be_read_is_said_in_a_sentence(self):
        empty, words, foreign = (self.folder / name for name in ("empty", "words.h5", "foreign.h5"))
        empty.mkdir()
        words.write_text("words")
        h5py.File(foreign, "w").close()
        for place, sentence in ((empty, "holds neither"), (words, "cannot be read as HDF5"),
                                (foreign, "is not a results file"), (self.folder / "none.h5", "does not exist")):
            with self.assertRaisesRegex(Unreadable, sentence):
                Run(place)
            self.refuse(report("summary", place), sentence)

    def test_files_of_other_subcommands_are_named_where_a_run_is_asked_for(self):
        plain = self.folder / "plain"
        bench, links = bench_file(self.folder / "bench.h5"), links_file(self.folder / "links.h5", plain)
        for place, of in ((bench, "bench-comm"), (links, "links")):
            for command in (("table",), ("plot", "-o", self.folder / "none.png"), ("scaling",)):
                self.refuse_here(f"is a file of `fedorbit {of}`, not of a run: .*summary", *command, place)
            self.print_here("summary", place)
        for place, what in ((plain, "a folder"), (plain / "results.h5", "a file of a run"),
                            (links, "a file of `fedorbit links`")):
            self.refuse_here(f"is {what}: --bench names a file of `fedorbit bench-comm`", "scaling", plain, "--bench", place,
                             "--up-to", 4)

    def test_files_of_times_alone_are_not_called_the_same(self):
        bench = bench_file(self.folder / "times.h5")
        self.refuse_here("times and transport alone", "compare", bench, bench)

    def test_shares_are_rounded_as_the_program_does(self):
        """The numbers of tests/core/words_test.cpp."""
        self.assertEqual([percent(x) for x in (0.5275, 0.5275 - 1e-15, 0.5275 + 1e-15, 0.000625, 0.52749, 1, math.nan)],
                         ["52.8 %", "52.8 %", "52.8 %", "0.1 %", "52.7 %", "100.0 %", "-"])

    def test_settings_have_short_words(self):
        for value, words in (("*", "alone"), ("", "all shared"), ("head.*", "head.* personal")):
            self.assertEqual(setting_in_words("method.personal", value), words)
        for key, value, words in (("schedule.window", 3.0, "window 3 s"), ("links.step_seconds", 0.05, "0.05 s a step"),
                                  ("links.latency", -1.0, "latency of the profile"), ("schedule.dropout", 0.0, "no dropout"),
                                  ("links.trace", "", "no trace"), ("data.features", "", "no features"),
                                  ("partition.alpha", 1.0, "alpha 1"), ("optimiser.learning_rate", 1e-05, "learning rate 1e-05"),
                                  ("upload.error_feedback", False, "no error feedback")):
            self.assertEqual(setting_in_words(key, value), words)
        for clients, words in ((1, "1 client"), (40, "40 clients")):
            self.assertEqual(setting_in_words("partition.clients", clients), words)
        options = {"data.path": "", "data.features": "some/CLIP.h5"}
        self.assertEqual(describe.data(options), "CLIP")
        self.assertEqual(describe.data({"data.path": "", "data.features": ""}), "synthetic scenes")

    def test_files_of_another_version_are_refused_by_it(self):
        changed = self.folder / "version.h5"
        shutil.copy(self.folder / "plain" / "results.h5", changed)
        for version in (schema.MAJOR - 1, schema.MAJOR + 1):
            with h5py.File(changed, "r+") as file:
                file.attrs["version"] = numpy.array([version, 0])
            with self.assertRaisesRegex(Unreadable, f"has version {version}, but this analysis reads version {schema.MAJOR}"):
                Run(changed)

    def test_damage_beside_a_writer_is_found_and_not_waited_for(self):
        # What HDF5's own number of attempts would sleep over for hours fails by this test's time limit.
        whole = (self.folder / "killed" / "results.h5.part").read_bytes()
        damaged = self.folder / "damaged" / "results.h5.part"
        damaged.parent.mkdir()
        headers = [match.start() for match in re.finditer(b"OHDR|EAHD|EAIB", whole)]
        self.assertGreater(len(headers), 100)
        refused = 0
        for header in headers[::3]:
            damaged.write_bytes(whole[:header + 5] + bytes([whole[header + 5] ^ 4]) + whole[header + 6:])
            try:
                run = Run(damaged)
                for table in [name for name, item in vars(Run).items() if isinstance(item, Table)]:
                    getattr(run, table)
            except Unreadable as sentence:
                refused += 1
                self.assertIn(str(damaged), str(sentence))
        self.assertGreater(refused, 30)

    def test_bytes_are_written_for_people(self):
        self.assertEqual([human_bytes(n) for n in (0, 1023, 1024, 1536, 3 << 20)],
                         ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "3.0 MiB"])


if __name__ == "__main__":
    unittest.main()
