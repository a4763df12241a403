"""`fedorbit run` on features that another program computed: no weights, no images, the same numbers whatever the ranks."""

import os
import pathlib
import signal
import time

import h5py
import numpy

from analysis.compare import differences
from files import write_npy
from program import ProgramTest, ranks_of
from refusal import RefusalTest

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
CLASSES = ("forest", "river", "harbor", "runway")


class Imported:
    """An import of `count` images of width `width` near the features of their classes' texts."""

    def imported(self, name="features.h5", count=80, width=32, texts=("photo",), domains=None, said=4,
                 classes=CLASSES):
        chance = numpy.random.default_rng(3)
        centres = chance.normal(size=(len(CLASSES), width))
        labels = numpy.arange(count) % len(CLASSES)
        images = (centres[labels] + 2 * chance.normal(size=(count, width))).astype("<f4")
        folder = self.folder / f"{name}-of"
        folder.mkdir()
        (folder / "classes.txt").write_text("\n".join(classes))
        places = numpy.array([classes.index(name) for name in CLASSES])
        options = ["--import-images", write_npy(folder / "images.npy", images.shape, data=images.tobytes()), "--labels",
                   write_npy(folder / "labels.npy", labels.shape, "<i8", data=places[labels].astype("<i8").tobytes()), "--classes",
                   folder / "classes.txt"]
        chance = numpy.random.default_rng(said)
        for text in texts:
            rows = (centres + chance.normal(size=centres.shape)).astype("<f4")[places.argsort()]
            options += ["--texts", write_npy(folder / f"{text}.npy", (1, *rows.shape), data=rows.tobytes())]
        if texts:
            (folder / "templates.txt").write_text("a photo of the\n")
            options += ["--templates", folder / "templates.txt"]
        if domains:
            (folder / "domains.txt").write_text("\n".join(domains[i % len(domains)] for i in range(count)))
            options += ["--domains", folder / "domains.txt"]
        code, errors = self.fedorbit("encode", "-q", *options, "-o", self.folder / name)
        self.assertEqual((code, errors), (0, ""), errors)
        return self.folder / name

    def options(self, features, *more):
        settings = (f"data.features={features}", "partition.clients=5", "training.batch_size=4", "training.rounds=3", *more)
        return [word for setting in settings for word in ("--set", setting)]


class ImportedTest(Imported, ProgramTest):
    def run_on(self, features, learner, *more, name=None, ranks=1):
        directory = self.folder / (name or learner)
        code, errors = self.fedorbit("run", CONFIGS / f"{learner}.toml", "-q", "-o", directory, *self.options(features, *more),
                                     ranks=ranks)
        self.assertEqual((code, errors), (0, ""), errors)
        return directory

    def scores(self, directory):
        """(scope, task): accuracies of the pool, in the order of rounds."""
        with h5py.File(directory / "results.h5") as file:
            table = {name: column[:] for name, column in file["scores"].items()}
        pool = (table["metric"] == b"accuracy") & (table["client"] < 0) & (table["class"] < 0) & (table["domain"] < 0)
        found = {}
        for scope, task, value in zip(*(table[name][pool] for name in ("scope", "task", "value"))):
            found.setdefault((scope.decode(), task.decode()), []).append(float(value))
        return found

    def test_learners_of_features_train_and_are_judged_without_weights(self):
        features = self.imported()
        for learner in ("fedclip", "linear"):
            with self.subTest(learner=learner):
                directory = self.run_on(features, learner, "evaluation.neighbours=true")
                self.assertEqual(set(self.scores(directory)), {("frozen", "zero-shot"), ("frozen", "probe"),
                                                               ("frozen", "neighbours"), ("global", "labelling")})
                with h5py.File(directory / "results.h5") as file:
                    self.assertEqual(file.attrs["text_templates"].decode(), "imported as photo: a photo of the")
                    self.assertRegex(file.attrs["weights_sha256"].decode(), r"^imported from array files of SHA-256 \w{64}, \w{64}$")
                    self.assertEqual([name.decode() for name in file["classes/name"]], list(CLASSES))

    def test_what_is_learned_labels_better_than_texts_do(self):
        scores = self.scores(self.run_on(self.imported(count=400), "linear", "training.rounds=10"))
        self.assertGreater(scores["global", "labelling"][-1], scores["frozen", "zero-shot"][0] + 0.05)

    def test_local_training_alone_is_judged_by_client(self):
        scores = self.scores(self.run_on(self.imported(), "fedclip", "method.personal=*"))
        self.assertIn(("personal", "labelling"), scores)
        self.assertNotIn(("global", "labelling"), scores)

    def test_domains_are_those_of_the_import(self):
        directory = self.run_on(self.imported(domains=("summer", "winter", "radar")), "fedclip", "partition.kind=domain",
                                "partition.clients=3")
        with h5py.File(directory / "results.h5") as file:
            self.assertEqual([name.decode() for name in file["domains/name"]], ["summer", "winter", "radar"])
            self.assertEqual(sorted(file["clients/domain"][:]), [0, 1, 2])
            self.assertEqual(set(file["scores/domain"][:]), {-1, 0, 1, 2})

    def test_texts_are_the_set_that_is_named(self):
        features = self.imported(texts=("first", "second"))
        found = {name: self.scores(self.run_on(features, "fedclip", f"data.texts={name}", name=name)) for name in ("first", "second")}
        self.assertNotEqual(found["first"], found["second"])

    def test_without_texts_a_linear_classifier_learns_and_nobody_is_labelled_by_texts(self):
        scores = self.scores(self.run_on(self.imported(texts=()), "linear"))
        self.assertEqual(set(scores), {("frozen", "probe"), ("global", "labelling")})

    def test_numbers_do_not_depend_on_the_number_of_ranks(self):
        features = self.imported()
        for learner in ("fedclip", "linear"):
            with self.subTest(learner=learner):
                # Batches of 4 leave a client of 13 images one, which fedclip skips.
                one, *others = (self.run_on(features, learner, "training.group_size=2", name=f"{learner}{ranks}", ranks=ranks)
                                for ranks in (1, 2, 3, 4))
                for other in others:
                    self.assertEqual(differences(one, other)[0], [])

    def test_a_killed_run_goes_on_to_the_same_numbers(self):
        features = self.imported(width=256)
        for learner, rounds in (("fedclip", 60), ("linear", 300)):
            with self.subTest(learner=learner):
                long = (f"training.rounds={rounds}", "training.group_size=2", f"evaluation.every={rounds // 4}", "checkpoint.every=2")
                whole = self.run_on(features, learner, *long, name=f"{learner}-whole")
                directory = self.folder / f"{learner}-killed"
                launcher = self.start("run", CONFIGS / f"{learner}.toml", "-q", "-o", directory, *self.options(features, *long),
                                      ranks=2)
                self.wait_for(directory / "checkpoint.h5", launcher)
                time.sleep(0.1)
                for process in ranks_of(launcher):
                    os.kill(process, signal.SIGKILL)
                self.finish(launcher)
                self.assertFalse((directory / "results.h5").exists(), "it was not caught in the middle")
                self.run_on(features, learner, *long, name=directory.name, ranks=3)
                self.assertEqual(differences(whole, directory)[0], [])

    def test_a_run_does_not_go_on_with_other_texts(self):
        features = self.imported()
        directory = self.folder / "interrupted"
        long = self.options(features, "training.rounds=100000", "checkpoint.every=1")
        launcher = self.start("run", CONFIGS / "fedclip.toml", "-q", "-o", directory, *long)
        self.wait_for(directory / "checkpoint.h5", launcher)
        launcher.send_signal(signal.SIGUSR2)
        self.assertEqual(self.finish(launcher)[0], 75)
        features.unlink()
        self.imported("other.h5", said=5).rename(features)
        code, errors = self.fedorbit("run", CONFIGS / "fedclip.toml", "-q", "-o", directory, *long)
        self.assertNotEqual(code, 0)
        self.assertRegex(errors, r"was begun with weights_sha256 = imported from")

    def labelled(self, features, *more):
        """{class: (right answers, images)} of what a model that is named in `more` says of features."""
        output = self.folder / "labelled.h5"
        code, errors = self.fedorbit("evaluate", "-q", "--features", features, "-o", output, *more)
        self.assertEqual(code, 0, errors)
        with h5py.File(output) as file:
            names = [name.decode() for name in file["classes/name"]]
            table = {name: column[:] for name, column in file["scores"].items()}
        mine = (table["task"] == b"labelling") & (table["class"] >= 0)
        return {names[label]: (correct, count) for label, correct, count in
                zip(*(table[name][mine] for name in ("class", "correct", "count")))}

    def test_a_head_answers_by_the_names_of_classes_in_whatever_order_they_are(self):
        features = self.imported()
        model = self.run_on(features, "linear", "training.rounds=8") / "model.safetensors"
        same = self.labelled(features, "--model", model)
        self.assertEqual(set(same), set(CLASSES))
        self.assertGreater(sum(correct for correct, _ in same.values()), 60, "of 80: guesses would do")
        turned = self.imported("turned.h5", classes=("harbor", "runway", "forest", "river"))
        self.assertEqual(self.labelled(turned, "--model", model), same)
        self.assertEqual(self.labelled(turned, "--model", model.parent / "results.h5"), same)

    def test_a_head_for_other_classes_is_refused_with_the_names_that_differ(self):
        features, names = self.imported(), self.folder / "names.txt"
        model = self.run_on(features, "linear")
        for words, sentence in (
            ("forest\nstream\nharbor\nairfield\n",
             r"linear/results\.h5 tells other classes apart than these: it alone has river, runway; these alone have airfield, stream; "
             r"if only names differ, say the run's with data\.class_names\."),
            ("forest\nriver\nharbor\nforest\n", r'names\.txt names the class "forest" twice\.')):
            names.write_text(words)
            code, errors = self.fedorbit("evaluate", "-q", "--features", features, "--model", model, "--class-names", names)
            self.assertEqual(code, 1, errors)
            self.assertRegex(errors, sentence)

    def test_a_finished_run_is_refused_where_its_features_have_become_others(self):
        features = self.imported()
        directory = self.run_on(features, "fedclip")
        before = (directory / "results.h5").read_bytes()
        features.unlink()
        self.imported("other.h5", count=100).rename(features)
        for ranks in (1, 3):
            code, errors = self.fedorbit("run", CONFIGS / "fedclip.toml", "-q", "-o", directory, *self.options(features),
                                         ranks=ranks)
            self.assertGreater(code, 0, errors)
            self.assertRegex(errors, r"results\.h5 was begun with data_sha256 = \w+, which is now \w+: .* pass --restart\.")
        self.assertEqual((directory / "results.h5").read_bytes(), before)

    def test_an_adapter_of_width_512_sends_525312_numbers_each_way(self):
        directory = self.run_on(self.imported(width=512), "fedclip", "training.rounds=1", "training.batch_size=32")
        with h5py.File(directory / "results.h5") as file:
            self.assertEqual(sum(item.size for name, item in file["state"].items() if not name.startswith("axis")), 525312)
            self.assertEqual(set(file["turns/upload_bytes"]), {2101248})
            self.assertEqual(set(file["turns/download_bytes"]), {2101248})

    def test_what_was_learned_is_tried_on_other_imported_features(self):
        one, other = self.imported(), self.imported("other.h5", count=40)
        for learner in ("fedclip", "linear"):
            directory = self.run_on(one, learner)
            accuracies = set()
            for model in (directory, directory / "model.safetensors"):
                code, errors = self.fedorbit("evaluate", "-q", "--features", other, "--model", model, "-o", self.folder / "e.h5")
                self.assertEqual((code, errors), (0, ""), errors)
                with h5py.File(self.folder / "e.h5") as file:
                    mine = file["scores/scope"][:] == b"global"
                    accuracies.add(float(file["scores/value"][:][mine][0]))
            self.assertEqual(len(accuracies), 1)


class ImportedRefusalTest(Imported, RefusalTest):
    def refused_on(self, sentence, config, *assignments, features=None):
        self.run_refused(sentence, f"data.features={features or self.imported()}", *assignments, config=CONFIGS / config)

    def test_prompts(self):
        features = self.imported()
        for config in ("promptfl.toml", "fedrsclip.toml"):
            self.refused_on(r"learns through a text tower, but features were imported without weights", config, features=features)

    def test_weights_images_and_views(self):
        features = self.imported()
        for assignment, sentence in ((f"model.weights={self.clip}", r"model\.weights=\S+ is about images and weights"),
                                     ("synthetic.size=32", r"synthetic\.size=32 is about images"),
                                     ("views.count=2", r"no augmented views, but views\.count = 2"),
                                     ("engine.live_images=true", r"engine\.live_images encodes images, of which there are none")):
            self.refused_on(sentence, "fedclip.toml", assignment, features=features)

    def test_images_of_a_data_set_beside_them(self):
        self.refused_on(r"features\.h5 holds features of other data", "fedclip.toml", f"data.path={self.data}",
                        "partition.clients=2")

    def test_texts_that_are_not_there_or_not_one(self):
        self.refused_on(r"no set of text features named data\.texts = fotos; the nearest is photos", "fedclip.toml",
                        "data.texts=fotos", features=self.imported("a.h5", texts=("photos", "drawings")))
        self.refused_on(r"has 2 sets of text features; name one with data\.texts: photos, drawings\.", "fedclip.toml",
                        features=self.imported("b.h5", texts=("photos", "drawings")))
        self.refused_on(r"fedclip compares images with text features of the classes, of which there are none", "fedclip.toml",
                        features=self.imported("c.h5", texts=()))

    def test_domains_that_are_not_one_an_image(self):
        features = self.folder / "features.h5-of"
        self.imported()
        (features / "domains.txt").write_text("summer\nwinter\n")
        self.refused(r"domains\.txt names the domains of 2 images, but there are 80", "encode", "-q", "-o",
                     self.folder / "new.h5", "--import-images", features / "images.npy", "--labels", features / "labels.npy",
                     "--classes", features / "classes.txt", "--domains", features / "domains.txt")

    def test_a_split_by_domains_without_any(self):
        self.refused_on(r"domain", "fedclip.toml", "partition.kind=domain")
