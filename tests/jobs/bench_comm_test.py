"""`fedorbit bench-comm` as its users start it."""

import subprocess

import h5py

from program import ProgramTest, command


class BenchCommTest(ProgramTest):
    def bench(self, *arguments, ranks=2):
        return subprocess.run(command("bench-comm", *arguments, ranks=ranks), cwd=self.folder, env=self.environment(),
                              capture_output=True, text=True, timeout=60)

    def test_every_size_of_every_collective_is_in_the_file(self):
        answer = self.bench("--set", "largest=16384", "--set", "calls=3", "-o", "bench.h5", ranks=3)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        with h5py.File(self.folder / "bench.h5") as file:
            table = {name: column[:] for name, column in file["bandwidths"].items()}
            models = {name: column[:] for name, column in file["link_models"].items()}
        self.assertEqual(set(table["wrong"]), {0})
        self.assertEqual(set(table["calls"]), {3})
        sums = (table["collective"] == b"all_reduce") & (table["type"] == b"int64")
        self.assertEqual(list(table["bytes"][sums]), [8, 16, 64, 256, 1024, 4096, 16384, 16384])
        self.assertEqual(list(table["payload"][sums])[-1], b"FedRSCLIP")  # 2,048 numbers of eight bytes
        self.assertEqual({int(size) % 12 for size in table["bytes"][table["collective"] == b"exchange"]}, {0})
        # Of a loaded machine's few calls some tell no latency and rate apart; of barriers there is nothing to tell.
        self.assertLessEqual(set(models["collective"]), {b"all_reduce", b"broadcast", b"all_gather", b"exchange"})
        self.assertTrue((models["latency_seconds"] > 0).all() and (models["rate"] > 0).all())
        self.assertTrue((table["bare_seconds"] > 0).all())

    def test_columns_are_those_of_the_benchmark_that_is_asked_for(self):
        for form, heading in (("osu", "# Size         Avg Latency(us)"), ("nccl", "algbw     busbw  #wrong")):
            answer = self.bench("--format", form, "--set", "collectives=all_reduce", "--set", "largest=64", "--set",
                                "calls=2")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn(heading, answer.stdout)

    def test_what_cannot_be_measured_is_a_sentence(self):
        for arguments, sentence in (
                (("--set", "collectives=allreduce"), "allreduce is not measured; the nearest is all_reduce."),
                (("--set", "largest=2"), "largest = 2 is less than smallest = 4."),
                (("--set", "collectives=;"), "collectives names none.")):
            answer = self.bench(*arguments, "-o", "none.h5")
            self.assertEqual(answer.returncode, 1)
            self.assertIn(sentence, answer.stderr)
            self.assertFalse((self.folder / "none.h5").exists())
