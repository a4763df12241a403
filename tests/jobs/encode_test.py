"""`fedorbit encode`: the same file from any number of ranks and after kills, used by runs, refused where it does not fit."""

import os
import re
import signal
import subprocess
import time

import h5py
import numpy

from analysis.compare import differences
from program import FEDORBIT, MAKE_CLIP, ProgramTest, ranks_of


class EncodeTest(ProgramTest):
    SCENES = ("--synthetic", "--classes", "forest,river,harbor", "--size", "32")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.shared / "data.h5"
        cls.other_data = cls.shared / "other.h5"
        cls.other_clip = cls.shared / "other.safetensors"
        cls.prepare(cls.data, "--per-class", "30")
        cls.prepare(cls.other_data, "--per-class", "30", "--seed", "2")
        subprocess.run([MAKE_CLIP, cls.other_clip, "32", "2"], check=True)

    @classmethod
    def prepare(cls, path, *options):
        subprocess.run([FEDORBIT, "prepare", *cls.SCENES, *options, "-o", path], check=True, capture_output=True)

    def encode(self, name, *options, ranks=1, data=None):
        path = self.folder / name
        code, errors = self.fedorbit("encode", "-q", "--data", data or self.data, "--weights", self.clip, "-o", path,
                                     *options, ranks=ranks)
        self.assertEqual((code, errors), (0, ""), errors)
        self.assertEqual([left.name for left in self.folder.glob(f"{name}.*")], [])
        return path

    def federate(self, directory, *options, ranks=1, **how):
        assignments = [word for option in (f"data.path={self.data}", "training.rounds=2", "dual_prompt.drift_warning=-1", *options)
                       for word in ("--set", option)]
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / directory, *assignments, ranks=ranks,
                                     **how)
        return code, errors

    def test_the_file_has_the_same_bytes_from_any_number_of_ranks(self):
        options = ("--patches", "--views", "2")
        one = self.encode("one.h5", *options).read_bytes()
        for ranks in (2, 4):
            self.assertEqual(one, self.encode(f"{ranks}.h5", *options, ranks=ranks).read_bytes(), ranks)
        with h5py.File(self.folder / "one.h5") as file:
            self.assertEqual(file["features"].shape, (90, 32))
            self.assertEqual(file["patches"].shape, (90, 16, 32))
            self.assertEqual(file["view_features"].shape, (2, 90, 32))
            self.assertEqual(file["view_patches"].shape, (2, 90, 16, 32))
            plain, views = file["features"][:], file["view_features"][:]
        self.assertTrue(numpy.isfinite(views).all())
        self.assertGreater(abs(views[0] - plain).max(), 0)
        self.assertGreater(abs(views[0] - views[1]).max(), 0)

    def test_a_killed_encoding_is_gone_on_with_to_the_same_bytes(self):
        many = self.folder / "many.h5"
        self.prepare(many, "--per-class", "400")
        options = ("--patches", "--views", "8")
        whole = self.encode("whole.h5", *options, data=many).read_bytes()
        for before, after in ((1, 2), (2, 1)):
            path = self.folder / f"killed{before}.h5"
            part = self.folder / f"killed{before}.h5.part"
            launcher = self.start("encode", "-q", "--data", many, "--weights", self.clip, "-o", path, *options,
                                  ranks=before)
            self.wait_for(part, launcher)
            time.sleep(0.15)
            for process in ranks_of(launcher) or [launcher.pid]:
                os.kill(process, signal.SIGKILL)
            self.finish(launcher)
            self.assertTrue(part.exists() and not path.exists(), "it was not caught in the middle")
            with h5py.File(part) as file:
                done = int(file["done"][0])
            code, errors = self.fedorbit("encode", "--data", many, "--weights", self.clip, "-o", path, *options,
                                         ranks=after)
            self.assertEqual(code, 0, errors)
            if done:
                self.assertIn(f"going on after {done} of {1200 * 9} images", errors)
            self.assertEqual(path.read_bytes(), whole)

    def test_a_signal_ends_it_with_the_code_that_says_go_on(self):
        many = self.folder / "many.h5"
        self.prepare(many, "--per-class", "400")
        launcher = self.start("encode", "-q", "--data", many, "--weights", self.clip, "-o", self.folder / "signal.h5",
                              "--views", "20", ranks=2)
        self.wait_for(self.folder / "signal.h5.part", launcher)
        time.sleep(0.1)
        launcher.send_signal(signal.SIGUSR2)
        code, errors = self.finish(launcher)
        self.assertEqual(code, 75, errors)
        self.assertTrue((self.folder / "signal.h5.part").exists())

    def test_float16_is_float32_rounded(self):
        with h5py.File(self.encode("wide.h5")) as wide, \
                h5py.File(self.encode("half.h5", "--set", "features.type=float16")) as half:
            self.assertEqual(half["features"].dtype, numpy.float16)
            self.assertTrue((half["features"][:] == wide["features"][:].astype(numpy.float16)).all())

    def test_bfloat16_is_close_to_float32_and_a_run_that_takes_it_says_so(self):
        with open("/proc/cpuinfo") as description:
            if not re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", description.read()):
                self.skipTest("this processor has no instructions for bfloat16")
        rough = self.encode("rough.h5", "--patches", "--precision", "bfloat16")
        self.assertEqual(rough.read_bytes(),
                         self.encode("two.h5", "--patches", "--precision", "bfloat16", ranks=2).read_bytes())
        with h5py.File(self.encode("wide.h5")) as wide, h5py.File(rough) as file:
            self.assertRegex(file.attrs["arithmetic"].decode(), "^bfloat16, ")
            self.assertRegex(wide.attrs["arithmetic"].decode(), "^float32, ")
            difference = abs(file["features"][:] - wide["features"][:]).max(1) / abs(wide["features"][:]).max(1)
        self.assertLess(difference.max(), 0.05)
        self.assertGreater(difference.min(), 1e-5)
        code, errors = self.federate("rough", f"data.features={rough}", ranks=2)
        self.assertEqual(code, 0)
        self.assertEqual(len(re.findall("rough.h5 holds features that were computed in bfloat16; .* would be float32",
                                        errors)), 1, errors)

    def test_a_list_of_texts_is_encoded_line_by_line(self):
        words = self.folder / "words.txt"
        words.write_text("".join(f"a photo of scene {i}\n" for i in range(70)))
        content = []
        for ranks in (1, 3):
            path = self.folder / f"texts{ranks}.h5"
            code, errors = self.fedorbit("encode", "-q", "--text-list", words, "--weights", self.clip, "-o", path, ranks=ranks)
            self.assertEqual((code, errors), (0, ""), errors)
            content.append(path.read_bytes())
        self.assertEqual(*content)
        with h5py.File(path) as file:
            self.assertEqual(file["features"].shape, (70, 32))
            self.assertEqual(file["text"][69], b"a photo of scene 69")

    def test_a_run_takes_features_from_a_file_as_from_the_store(self):
        path = self.encode("features.h5", "--patches")
        self.assertEqual(self.federate("store"), (0, ""))
        self.assertEqual(self.federate("file", f"data.features={path}", ranks=2, store="unused"), (0, ""))
        self.assertFalse((self.shared / "unused").exists(), "the store was not needed")
        lines, compared = differences(self.folder / "store", self.folder / "file")
        self.assertEqual([line for line in lines if not re.match("option data\.features: ", line)], [])
        self.assertGreater(compared, 30)

    def test_a_run_trains_on_augmented_views_the_same_on_any_number_of_ranks(self):
        runs = []
        for ranks in (1, 3):
            self.assertEqual(self.federate(f"views{ranks}", "views.count=3", ranks=ranks, store=f"views{ranks}"), (0, ""))
            runs.append(self.folder / f"views{ranks}")
        self.assertEqual(differences(*runs)[0], [])
        self.assertEqual(self.federate("plain"), (0, ""))
        lines, _ = differences(runs[0], self.folder / "plain")
        self.assertTrue(any("/turns/loss" in line for line in lines), lines)

    def refused(self, sentence, *options):
        for ranks in (1, 2):
            code, errors = self.federate(f"refused{ranks}", *options, ranks=ranks)
            self.assertGreater(code, 0)
            self.assertRegex(errors, sentence)
            self.assertEqual(len([line for line in errors.splitlines() if "features.h5" in line]), 1, errors)

    def test_features_that_do_not_fit_are_refused_with_a_sentence(self):
        fitting = self.encode("features.h5", "--patches", "--views", "1")
        fit = f"data.features={fitting}"
        self.assertEqual(self.federate("fits", fit, "views.count=1"), (0, ""))
        self.refused(r"features of other data \(\w+\) than are asked for", fit, f"data.path={self.other_data}")
        self.refused(r"features of other weights", fit, f"model.weights={self.other_clip}")
        self.refused(r"features of other views .*seed 1.*seed 2", fit, "views.count=1", "views.seed=2")
        self.refused(r"holds 1 augmented views, but 2 are asked for", fit, "views.count=2")
        plain = self.folder / "plain"
        plain.mkdir()
        self.refused(r"holds no patch features", f"data.features={self.encode('plain/features.h5')}")

    def test_two_processes_do_not_write_one_file(self):
        many = self.folder / "many.h5"
        self.prepare(many, "--per-class", "400")
        arguments = ("encode", "-q", "--data", many, "--weights", self.clip, "--views", "30", "-o", self.folder / "busy.h5")
        first = self.start(*arguments)
        self.wait_for(self.folder / "busy.h5.part", first)
        code, errors = self.fedorbit(*arguments)
        self.assertGreater(code, 0)
        self.assertIn("is being written by another process", errors)
        self.assertIsNone(first.poll(), "the first goes on")
