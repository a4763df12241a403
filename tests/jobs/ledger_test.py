"""What clients send, as the results file has it: at text width 512 and h = 4, FedRSCLIP's 2,048 parameters."""

import subprocess

import h5py

from program import MAKE_CLIP, ProgramTest


class LedgerTest(ProgramTest):
    def test_four_tokens_of_width_512_are_8192_bytes_up_and_down(self):
        wide = self.folder / "wide.safetensors"
        subprocess.run([MAKE_CLIP, wide, "512"], check=True)
        directory = self.folder / "run"
        code, errors = self.fedorbit("run", self.config, "-q", "-o", directory, "--set", f"model.weights={wide}", "--set",
                                     "training.rounds=2", "--set", "method.learner=dual_prompt", "--set",
                                     "dual_prompt.context=4", ranks=2)
        self.assertEqual((code, errors), (0, ""), errors)
        with h5py.File(directory / "results.h5") as results:
            turns = results["turns"]
            self.assertEqual(len(turns["client"]), 20)
            self.assertEqual(set(turns["upload_bytes"]), {8192})
            self.assertEqual(set(turns["download_bytes"]), {8192})
            self.assertEqual(set(turns["upload_payload_bytes"]), {8192})
            self.assertEqual(set(turns["upload_statistics_bytes"]) | set(turns["upload_extras_bytes"]), {0})
            self.assertEqual(list(results["rounds/upload_bytes"]), [81920, 81920])
            self.assertEqual(sum(item.size for item in results["state"].values() if item.ndim == 2), 2048)

    def test_what_a_run_is_set_up_with_is_of_no_round(self):
        directory = self.folder / "phases"
        code, errors = self.fedorbit("run", self.config, "-q", "-o", directory, "--set", "training.rounds=3", "--set",
                                     f"data.feature_store={self.folder / 'store'}", ranks=2)
        self.assertEqual((code, errors), (0, ""), errors)
        with h5py.File(directory / "results.h5") as results:
            for table in ("phases", "transport"):
                rounds, phases = results[table]["round"][:], results[table]["phase"].asstr()[:]
                of = {r: set(phases[rounds == r]) for r in set(rounds)}
                self.assertEqual(set(of), {-1, 0, 1, 2})
                self.assertEqual(of[-1] & {"start", "encoding"}, {"start", "encoding"})
                for r in range(3):
                    self.assertEqual(of[r] & {"start", "encoding"}, set())
                    self.assertLessEqual({"small message", "sum"}, of[r])
            moved = {phase: results["transport/bytes"][phases == phase].sum() for phase in set(phases)}
            self.assertGreater(moved["encoding"], moved["sum"])

    def test_the_group_size_of_the_learner_is_recorded(self):
        directory = self.folder / "grouped"
        code, errors = self.fedorbit("run", self.config, "-q", "-o", directory, "--set", "training.group_size=0")
        self.assertEqual((code, errors), (0, ""), errors)
        self.assertIn("group_size = 5\n", (directory / "config.toml").read_text())
