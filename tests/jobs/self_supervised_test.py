"""Encoders that clients pre-train without labels: the same numbers from any number of ranks and after a kill, scores by a
probe and by neighbours in the round and on other data, fine-tuning from what was learned, and sentences."""


import h5py

from federation import FederationTest

CLASSES = "forest,river,harbor,runway,farmland,parking lot"
VIEWS = ("images.smallest_crop=0.4", "images.flip=true", "images.vertical_flip=true", "images.quarter_turns=true",
         "images.jitter=0.8", "images.greyscale=0.2", "images.blur=0.5")
RUN = ("partition.clients=4", "training.batch_size=5", "training.smallest_batch=2", "training.group_size=0",
       "optimiser.learning_rate=0.02", "evaluation.neighbours=true", *VIEWS)
RESNET = ("architecture=resnet18", "width=8")
VIT = ("architecture=vit_tiny_patch16", "width=32", "depth=2")
BYOL = ("hidden=16", "projection=8", "kept=client", *RESNET)
LEARNERS = {
    "simsiam": ("simsiam", ("projection=16", "prediction=8", *RESNET)),
    "byol": ("byol", ("hidden=16", "projection=8", "alignment=0.5", *RESNET)),
    "byol under fedu": ("byol", BYOL, "method.strategy=fedu", "fedu.mu=0.03"),
    "byol under fedema": ("byol", BYOL, "method.strategy=fedema", "evaluation.personal_encoders=true"),
    "moco with clients' queues": ("moco", ("projection=16", "queue=12", "kept=client", *RESNET)),
    "simmim": ("simmim", VIT),
    "mae": ("mae", ("decoder_width=16", "decoder_depth=1", *VIT)),
}


def options_of(name):
    learner, options, *others = LEARNERS[name]
    return (f"method.learner={learner}", *(f"{learner}.{option}" for option in ("image_size=32", *options)), *RUN, *others)


def accuracies(file):
    """{(scope, task): right answers of the pool, images, of the last time}."""
    with h5py.File(file) as results:
        table = {name: column[:] for name, column in results["scores"].items()}
    pool = (table["client"] < 0) & (table["class"] < 0) & (table["domain"] < 0) & (table["metric"] == b"accuracy")
    return {(table["scope"][row].decode(), table["task"][row].decode()): (int(table["correct"][row]), int(table["count"][row]))
            for row in pool.nonzero()[0]}


class SelfSupervisedTest(FederationTest):
    def six_classes(self):
        data = self.folder / "six.h5"
        if not data.exists():
            code, errors = self.fedorbit("prepare", "-q", "--synthetic", "--classes", CLASSES, "--per-class", "12", "--size",
                                         "32", "-o", data)
            self.assertEqual((code, errors), (0, ""))
        return data

    def test_numbers_do_not_depend_on_the_number_of_ranks(self):
        for name in LEARNERS:
            with self.subTest(learner=name):
                self.assert_alike_on((1, 2, 3), name, *options_of(name), "training.participation=0.75")

    def test_a_killed_run_goes_on_to_the_same_numbers(self):
        for name in LEARNERS:
            with self.subTest(learner=name):
                self.assert_alike_after_a_kill(name, *options_of(name), "training.rounds=30", "evaluation.every=15",
                                               "checkpoint.every=5")

    def test_learns_and_is_judged_by_its_features_alone(self):
        for name in LEARNERS:
            with self.subTest(learner=name):
                directory = self.federate(f"{name}-learned", *options_of(name), f"data.path={self.six_classes()}",
                                          "training.rounds=15", "training.batch_size=14", ranks=2)
                with h5py.File(directory / "results.h5") as results:
                    loss = results["rounds/loss"][:]
                if LEARNERS[name][0] == "moco":  # the random keys of a new queue are the easiest to tell from an image
                    self.assertFalse((loss == loss[0]).all())
                else:
                    self.assertLess(loss[-3:].mean(), loss[:3].mean())
                found = accuracies(directory / "results.h5")
                self.assertEqual(set(found), {("frozen", "zero-shot"), ("frozen", "probe"), ("frozen", "neighbours"),
                                              ("global", "probe"), ("global", "neighbours")})
                self.assertEqual(len({count for _, count in found.values()}), 1)

    def test_what_was_learned_is_judged_on_other_data_and_fine_tuned(self):
        trained = self.federate("trained", *options_of("simsiam"), "training.rounds=3")
        data, found = self.six_classes(), []
        for model in (trained, trained / "model.safetensors"):
            output = self.folder / f"{len(found)}.h5"
            code, errors = self.fedorbit("evaluate", "-q", "--model", model, "--data", data, "--weights", self.clip,
                                         "-o", output, ranks=1 + len(found))
            self.assertEqual((code, errors), (0, ""))
            found.append(accuracies(output))
        self.assertEqual(found[0], found[1])
        self.assertLess({("global", "probe"), ("global", "neighbours")}, set(found[0]))
        self.assertEqual(found[0]["global", "probe"][1], found[0]["frozen", "probe"][1])
        self.assertGreater(found[0]["global", "probe"][0], 4, "no better than by chance")
        self.federate("tuned", "method.learner=network", "network.architecture=resnet18", "network.width=8",
                      "network.image_size=32", f"network.weights={trained / 'model.safetensors'}", *RUN, f"data.path={data}",
                      "training.rounds=1")
        with h5py.File(trained / "results.h5") as before, h5py.File(self.folder / "tuned/results.h5") as after:
            self.assertEqual({name for name in before["state"] if not name.startswith(("projector.", "predictor.", "axis"))},
                             {name for name in after["state"] if not name.startswith(("fc.", "axis"))})

    def test_fine_tuning_begins_with_the_backbone_that_was_learned_and_takes_no_other(self):
        trained = self.federate("group", *options_of("simsiam"), "simsiam.norm=group", "training.rounds=2")
        network = ("method.learner=network", "network.width=8", "network.image_size=32", "network.norm=group",
                   f"network.weights={trained / 'model.safetensors'}", *RUN)
        begun = self.federate("begun", *network, "network.architecture=resnet18", "training.rounds=0",
                              "synthetic.classes=runway,beach,forest")
        with h5py.File(trained / "results.h5") as before, h5py.File(begun / "results.h5") as after:
            backbone = [name for name in after["state"] if not name.startswith(("fc.", "axis"))]
            self.assertGreater(len(backbone), 50)
            for name in backbone:
                self.assertEqual(before["state"][name][:].tobytes(), after["state"][name][:].tobytes(), name)
            self.assertEqual(after["state/fc.weight"].shape[0], 3)
        for sentence, *options in (
                (r"learned with simsiam.architecture = \"resnet18\", and network.architecture = \"resnet50\" is another backbone",
                 "network.architecture=resnet50"),
                (r"learned with simsiam.norm = \"group\", and network.norm = \"batch\"", "network.architecture=resnet18",
                 "network.norm=batch"),
                (r"is 8, .*16|shape", "network.architecture=resnet18", "network.width=16")):
            with self.subTest(options=options):
                self.run_refused(sentence, *network, *options, directory=f"refused{len(self.files())}")

    def test_refuses_what_cannot_be_learned_or_judged_before_anything_is_computed(self):
        one = self.folder / "one.h5"
        code, errors = self.fedorbit("prepare", "-q", "--synthetic", "--classes", "forest", "--per-class", "24", "--size", "32",
                                     "-o", one)
        self.assertEqual((code, errors), (0, ""))
        for sentence, *options in (
                (r"all images of the data are of one: take data with labels, or set both to false", f"data.path={one}"),
                (r"batch norms know no spread of fewer than 2 images", "training.batch_size=1"),
                (r"client \d+ trains on \d+ images, and moco.queue = 4096 keys are more than that", "method.learner=moco",
                 "moco.architecture=resnet18", "moco.image_size=32"),
                (r"simmim.architecture = \"resnet18\": what is hidden are patches of a vision transformer",
                 "method.learner=simmim", "simmim.architecture=resnet18"),
                (r"mae.hidden = 0.9 of the 4 patches .* are 4: some must be hidden, and some seen", "method.learner=mae",
                 "mae.image_size=32", "mae.hidden=0.9"),
                (r"simsiam.norm = \"group\": vit_tiny_patch16 has layer norms alone", "simsiam.norm=group",
                 "simsiam.architecture=vit_tiny_patch16", "simsiam.width=0")):
            with self.subTest(options=options):
                mine = options_of("simsiam") if options[0].split("=")[0] != "method.learner" else RUN
                self.run_refused(sentence, *mine, *options, directory=f"refused{len(self.files())}")
