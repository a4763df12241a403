"""`fedorbit evaluate` and `inspect`: real CLIP features give their authors' numbers; prompts are tried on other data."""

import csv
import pathlib
import subprocess

import h5py
import numpy

from analysis.compare import differences
from program import FEDORBIT, MAKE_CLIP, ProgramTest

REAL = pathlib.Path(__file__).resolve().parents[2].parent / "shared/data/whurs19-clip-features"


def scores(path):
    """task: per cent of all its images."""
    with h5py.File(path) as file:
        table = {name: column[:] for name, column in file["scores"].items()}
    whole = (table["metric"] == b"accuracy") & (table["client"] < 0) & (table["class"] < 0) & (table["domain"] < 0)
    return {task.decode(): 100 * correct / count
            for task, correct, count in zip(*(table[name][whole] for name in ("task", "correct", "count")))}


class RealFeaturesTest(ProgramTest):
    ENSEMBLE = {"CLIP": 81.3, "RemoteCLIP": 95.2, "GeoRSCLIP": 88.8}

    def setUp(self):
        super().setUp()
        if not REAL.exists():
            self.skipTest(f"skipped: the real features of WHU-RS19 are not at {REAL}")

    def imported(self, model):
        path = self.folder / f"{model}.h5"
        folder = REAL / f"{model}_ViT-B-32"
        code, errors = self.fedorbit(
            "encode", "-q", "--import-images", folder / "image_features.npy", "--labels", REAL / "labels.npy", "--classes",
            REAL / "classes.txt", "--texts", folder / "text_features.npy", "--templates", REAL / "prompts.txt", "-o", path)
        self.assertEqual((code, errors), (0, ""), errors)
        return path

    def test_zero_shot_gives_the_accuracies_of_the_authors(self):
        with open(REAL / "results_individualprompt.csv") as file:
            theirs = {(row["model_name"], row["text_prompt"]): float(row["acc_base_zs"]) for row in csv.DictReader(file)
                      if row["model_architecture"] == "ViT-B-32"}
        for model, together in self.ENSEMBLE.items():
            with self.subTest(model=model):
                code, errors = self.fedorbit("evaluate", "-q", "--features", self.imported(model), "-o", self.folder / "e.h5")
                self.assertEqual((code, errors), (0, ""), errors)
                self.assertAlmostEqual(scores(self.folder / "e.h5")["zero-shot"], together, delta=0.1)
                with h5py.File(self.folder / "e.h5") as file:
                    table = file["templates"]
                    patterns = [pattern.decode() for pattern in table["template"]]
                    ours = 100 * table["correct"][:] / table["total"][:]
                self.assertEqual(patterns, (REAL / "prompts.txt").read_text().splitlines())
                self.assertEqual(len(patterns), 106)
                for pattern, accuracy in zip(patterns, ours):
                    self.assertAlmostEqual(accuracy, theirs[model, pattern], delta=0.4, msg=pattern)

    def test_counts_agree_with_each_other_on_any_number_of_ranks(self):
        features = self.imported("RemoteCLIP")
        for ranks in (1, 3):
            (self.folder / str(ranks)).mkdir()
            code, errors = self.fedorbit("evaluate", "-q", "--features", features, "-o",
                                         self.folder / str(ranks) / "results.h5", ranks=ranks)
            self.assertEqual((code, errors), (0, ""), errors)
        lines, _ = differences(self.folder / "1", self.folder / "3")
        self.assertEqual(lines, [])
        labels = numpy.load(REAL / "labels.npy")
        with h5py.File(self.folder / "1/results.h5") as file:
            table = {name: column[:] for name, column in file["confusions"].items()}
        mine = table["task"] == b"zero-shot"
        matrix = numpy.zeros((19, 19), int)
        numpy.add.at(matrix, (table["class"][mine], table["answer"][mine]), table["images"][mine])
        self.assertTrue((matrix.sum(1) == numpy.bincount(labels)).all())
        of = scores(self.folder / "1/results.h5")
        self.assertAlmostEqual(100 * matrix.trace() / matrix.sum(), of["zero-shot"])
        self.assertGreater(of["probe"], 95)
        self.assertGreater(of["neighbours"], 95)


class EvaluateTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = {}
        for name, classes in (("base", "forest,river,harbor"), ("new", "runway,farmland")):
            cls.data[name] = cls.shared / f"{name}.h5"
            subprocess.run([FEDORBIT, "prepare", "--synthetic", "--classes", classes, "--per-class", "20", "--size", "32",
                            "-o", cls.data[name]], check=True, capture_output=True)

    def evaluate(self, name, *options, **how):
        path = self.folder / f"{name}.h5"
        code, errors = self.fedorbit("evaluate", "-q", "-o", path, *options, **how)
        self.assertEqual((code, errors), (0, ""), errors)
        return scores(path)

    def federated(self, learner):
        directory = self.folder / learner
        code, errors = self.fedorbit("run", self.config, "-q", "-o", directory, "--set", f"data.path={self.data['base']}",
                                     "--set", f"method.learner={learner}", "--set", "training.rounds=3",
                                     *(("--set", "dual_prompt.drift_warning=-1") if learner == "dual_prompt" else ()))
        self.assertEqual((code, errors), (0, ""), errors)
        return directory

    def test_what_a_run_has_learned_is_tried_on_new_classes(self):
        directory = self.federated("prompt")
        new = ("--data", self.data["new"], "--weights", self.clip)
        found = [self.evaluate(f"model{i}", *new, "--model", place, ranks=1 + i)["labelling"] for i, place in
                 enumerate((directory, directory / "results.h5", directory / "model.safetensors"))]
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])
        with h5py.File(self.folder / "model0.h5") as file:
            self.assertEqual([name.decode() for name in file["classes/name"]], ["runway", "farmland"])
            self.assertEqual(file["scores/count"][0], 40)
            self.assertEqual((file["scores/scope"][0], file["scores/split"][0]), (b"global", b"all"))

    def test_prompts_on_the_images_that_they_were_trained_on_are_warned_of(self):
        directory = self.federated("prompt")
        code, errors = self.fedorbit("evaluate", "-q", "--data", self.data["base"], "--model", directory, "-o",
                                     self.folder / "same.h5")
        self.assertEqual(code, 0, errors)
        self.assertRegex(errors, r"^warning: .*prompt was trained on images of this very data set")
        with h5py.File(self.folder / "same.h5") as file:
            self.assertIn(b"this very data set", file["events/message"][0])
        self.evaluate("new", "--data", self.data["new"], "--model", directory)  # says nothing

    def test_prompts_of_two_contexts_label_by_the_shared_one(self):
        directory = self.federated("dual_prompt")
        new = ("--data", self.data["new"], "--weights", self.clip)
        self.assertEqual(self.evaluate("directory", *new, "--model", directory)["labelling"],
                         self.evaluate("exported", *new, "--model", directory / "model.safetensors")["labelling"])

    def test_prompts_of_other_weights_are_refused(self):
        directory = self.federated("prompt")
        other = self.folder / "other.safetensors"
        subprocess.run([MAKE_CLIP, other, "32", "2"], check=True)
        code, errors = self.fedorbit("evaluate", "--data", self.data["new"], "--weights", other, "--model", directory)
        self.assertGreater(code, 0)
        self.assertRegex(errors, r"was learned with other weights")

    def test_templates_are_taken_alone_and_together(self):
        templates = "a photo of a {}.; {} seen from above"
        found = self.evaluate("zero", "--data", self.data["base"], "--weights", self.clip, "--templates", templates)
        self.assertEqual(set(found), {"zero-shot", "probe", "neighbours"})
        with h5py.File(self.folder / "zero.h5") as file:
            self.assertEqual(list(file["templates/template"]), [b"a photo of a {}.", b"{} seen from above"])

    def test_features_of_a_file_give_the_numbers_of_the_store(self):
        features = self.folder / "features.h5"
        code, errors = self.fedorbit("encode", "-q", "--data", self.data["base"], "--weights", self.clip, "-o", features)
        self.assertEqual((code, errors), (0, ""), errors)
        stored = self.evaluate("stored", "--data", self.data["base"], "--weights", self.clip)
        self.assertEqual(stored, self.evaluate("filed", "--features", features, "--weights", self.clip))
        alone = self.evaluate("alone", "--features", features)
        self.assertEqual(alone, {view: stored[view] for view in ("probe", "neighbours")})

    def test_other_class_names_are_read(self):
        names = self.folder / "names.txt"
        names.write_text("wood\nstream\nport\n")
        self.evaluate("named", "--data", self.data["base"], "--weights", self.clip, "--class-names", names)
        with h5py.File(self.folder / "named.h5") as file:
            self.assertEqual(list(file["classes/name"]), [b"wood", b"stream", b"port"])


class InspectTest(ProgramTest):
    def inspected(self, path):
        done = subprocess.run([FEDORBIT, "inspect", path], capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLess(len(done.stdout.splitlines()), 40, "a screenful")
        return done.stdout

    def test_every_kind_of_file_is_said_to_be_what_it_is(self):
        data, features, array = (self.folder / name for name in ("data.h5", "features.h5", "array.npy"))
        subprocess.run([FEDORBIT, "prepare", "--synthetic", "--classes", "forest,river", "--per-class", "12", "--size", "32",
                        "-o", data], check=True, capture_output=True)
        self.assertRegex(self.inspected(data), r"data set: 24 images of 2 classes, 32 to 32 pixels[^$]*forest, river")
        self.fedorbit("encode", "-q", "--data", data, "--weights", self.clip, "--patches", "-o", features)
        words = self.inspected(features)
        self.assertRegex(words, r"features of 24 images")
        self.assertRegex(words, r"/patches  24 x 16 x 32")
        self.assertRegex(words, r"weights_sha256: \w{64}")
        self.assertRegex(self.inspected(self.clip), r"safetensors: \d+ tensors[^$]*vision: width 32, 1 layers")
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / "run", "--set", "training.rounds=2",
                                     "--set", "partition.validation_fraction=0.2")
        self.assertEqual((code, errors), (0, ""))
        words = self.inspected(self.folder / "run")
        self.assertRegex(words, r"results: 2 rounds, 10 clients, 6 classes; finished")
        for split in ("test", "validation"):
            self.assertRegex(words, rf"global labelling after 2 rounds: .* images \({split}\)")
        self.assertRegex(words, r"learned context\.shared  4 x 32")
        self.assertRegex(self.inspected(self.folder / "run/checkpoint.h5"), r"checkpoint after 2 rounds, whole")
        self.assertRegex(self.inspected(self.folder / "run/model.safetensors"),
                         r"format: fedorbit-model-1\nlearner: dual_prompt[^$]*context\.shared  \[4, 32\] Float")
        self.assertNotRegex(self.inspected(self.folder / "run/model.safetensors"), r"CLIP|vision")
        numpy.save(array, numpy.zeros((3, 4), numpy.float32))
        self.assertRegex(self.inspected(array), r"\[3, 4\] Float")

    def test_what_a_kill_leaves_is_read(self):
        run = self.folder / "run"
        launcher = self.start("run", self.config, "-q", "-o", run, "--set", "training.rounds=100000")
        self.wait_for(run / "checkpoint.h5", launcher)
        self.end(launcher)
        before = (run / "results.h5.part").read_bytes()
        self.assertRegex(self.inspected(run / "results.h5.part"), r"results: \d+ rounds[^$]*not finished")
        self.assertEqual((run / "results.h5.part").read_bytes(), before, "it is left as it was")

        launcher = self.start("encode", "-q", "--weights", self.clip, "--set", "synthetic.per_class=300", "-o",
                              self.folder / "features.h5")
        self.wait_for(self.folder / "features.h5.part", launcher)
        self.end(launcher)
        self.assertRegex(self.inspected(self.folder / "features.h5.part"), r"not whole: \d+ of \d+ rows")
