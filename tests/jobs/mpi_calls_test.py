"""The ledger of a run against what a profiling library saw MPI being asked for (tests/comm/count_mpi.cpp)."""

import os

import h5py

from program import ProgramTest

COUNT_MPI = os.environ["COUNT_MPI_LIBRARY"]
# What comes after the last report, which cannot hold itself: the agreement before it, its row, and the last barrier's.
AFTERWARDS = (2, 2 * 16)  # calls and bytes of agreements


class MpiCallsTest(ProgramTest):
    def environment(self, store=None):
        return {**super().environment(store), "LD_PRELOAD": COUNT_MPI, "COUNT_MPI": str(self.folder / "count")}

    def counted(self, rank):
        lines = (self.folder / f"count.{rank}").read_text().split("\n")
        return {name: (int(calls), int(size)) for name, calls, size in (line.split() for line in lines if line)}

    def test_what_the_ledger_holds_is_what_mpi_was_asked_for(self):
        for ranks in (1, 2, 3, 4, 8):
            for learner in ("prompt", "dual_prompt") if 1 < ranks < 8 else ("dual_prompt",):
                with self.subTest(ranks=ranks, learner=learner):
                    self.check(ranks, f"method.learner={learner}")

    def test_so_it_is_whatever_codec_writes_the_messages(self):
        for codec in ("float16", "bfloat16", "uniform", "qsgd", "top_k", "random_k", "power_sgd"):
            with self.subTest(codec=codec):
                self.check(2, f"upload.codec={codec}", "upload.error_feedback=" + str(codec != "qsgd").lower(), "upload.zstd=1")

    def test_so_it_is_under_strategies_and_schedules_with_messages_of_their_own(self):
        for options in (("method.strategy=scaffold", "optimiser.momentum=0"), ("download.codec=uniform",),
                        ("schedule.kind=buffer", "schedule.buffer=3", "links.step_seconds=1"),
                        ("partition.kind=sampled", "partition.clients=1000", "training.participation=0.01")):
            with self.subTest(options=options):
                self.check(3, *options)

    def check(self, ranks, *options):
        directory = self.folder / ("run-" + "-".join((str(ranks), *options)).replace("/", "_"))
        settings = [word for option in (*options, "machine.backend=mpi") for word in ("--set", option)]
        code, errors = self.fedorbit("run", self.config, "-q", "-o", directory, *settings, ranks=ranks)
        self.assertEqual((code, errors), (0, ""), errors)
        with h5py.File(directory / "results.h5") as results:
            table = {name: column[:] for name, column in results["transport"].items()}
        for rank in range(ranks):
            mpi = self.counted(rank)
            ledger = {name: (0, 0) for name in ("agree", "all_reduce", "broadcast", "all_gather", "gather", "exchange")}
            for collective in set(table["collective"]):
                mine = (table["collective"] == collective) & (table["rank"] == rank)
                ledger[collective.decode()] = (int(table["calls"][mine].sum()), int(table["bytes"][mine].sum()))
            calls, size = ledger["agree"]
            self.assertEqual(mpi["agree"], (calls + AFTERWARDS[0], size + AFTERWARDS[1]))
            for collective in ("all_reduce", "broadcast", "all_gather"):
                self.assertEqual(mpi[collective], ledger[collective], f"{collective} of rank {rank}")
            # The root's own rows do not leave it, nor does what a rank has for itself.
            calls, size = ledger["exchange"]
            self.assertEqual(mpi["trade"], (calls, calls * ranks * 8))
            leaving = size - mpi["trade"][1] - mpi["to_itself"][1]
            rows = ledger["gather"][1] + mpi["last_send"][1] if rank > 0 else 0
            self.assertEqual(mpi["send"][1], leaving + rows, f"what leaves rank {rank}")
