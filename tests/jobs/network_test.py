"""Whole networks as clients train them: the same numbers from any number of ranks and after a kill, the bytes of their
parameters, a model under the names of published state dicts, and sentences for what cannot be trained."""

import json
import shutil

import h5py

from federation import FederationTest

CLASSES = "forest,river,harbor,runway,farmland,parking lot"
RUN = ("method.learner=network", "network.image_size=32", "network.width=8", "partition.clients=4", "training.batch_size=5",
       "training.group_size=0", "optimiser.learning_rate=0.01", "images.flip=true", "images.smallest_crop=0.5",
       "evaluation.linear_probe=false")
NETWORKS = {
    "vit": ("network.architecture=vit_tiny_patch16", "network.depth=2"),
    "resnet": ("network.architecture=resnet18",),
    "resnet with statistics of its own": ("network.architecture=resnet18", "network.statistics=personal"),
}


def header(model):
    """What a safetensors file says of its tensors."""
    content = model.read_bytes()
    return json.loads(content[8:8 + int.from_bytes(content[:8], "little")])


class NetworkTest(FederationTest):
    OPTIONS = RUN

    def test_numbers_do_not_depend_on_the_number_of_ranks(self):
        for name, options in NETWORKS.items():
            self.assert_alike_on((1, 2, 3, 4), name, *options, "training.participation=0.75")

    def test_where_clients_share_a_group_by_request_more_ranks_than_groups_change_nothing(self):
        # Batches of one image are multiplied by kernels that look at where a client's weights lie.
        self.assert_alike_on((1, 2, 4), "together", *NETWORKS["resnet"], "network.norm=group", "training.group_size=4",
                             "training.batch_size=1", "training.rounds=2")

    def test_a_killed_run_goes_on_to_the_same_numbers(self):
        for name, options in NETWORKS.items():
            with self.subTest(network=name):
                self.assert_alike_after_a_kill(name, *options, "training.rounds=40", "evaluation.every=20")

    def test_neither_a_run_that_goes_on_nor_its_model_takes_other_weights_of_the_network(self):
        first, other = (self.federate(f"seed{seed}", *NETWORKS["resnet"], f"seed={seed}", "training.rounds=1") for seed in (1, 2))
        weights = self.folder / "weights.safetensors"
        shutil.copy(first / "model.safetensors", weights)
        options = (*NETWORKS["resnet"], f"network.weights={weights}", "network.trained=head")
        trained, killed = self.federate("trained", *options, "training.rounds=1"), self.folder / "killed"
        options = (*options, "training.rounds=1000", "checkpoint.every=1")
        launcher = self.start("run", self.config, "-q", "-o", killed, *self.words(*options))
        self.wait_for(killed / "checkpoint.h5", launcher)
        launcher.kill()
        self.finish(launcher)
        shutil.copy(other / "model.safetensors", weights)
        code, errors = self.fedorbit("run", self.config, "-q", "-o", killed, *self.words(*options))
        self.assertEqual(code, 1)
        self.assertRegex(errors, r"was begun with learner_weights_sha256 = \w{64}, which is now \w{64}")
        for model in (trained, trained / "model.safetensors"):
            code, errors = self.fedorbit("evaluate", "-q", "--model", model, "--weights", self.clip)
            self.assertEqual(code, 1)
            self.assertRegex(errors, r"was learned from another weights file of the learner \(\w{64}\)")

    def test_learns_to_tell_scenes_apart(self):
        directory = self.federate("learned", "network.architecture=resnet18", "network.width=16", "training.rounds=12",
                                  "synthetic.per_class=24", ranks=2)
        with h5py.File(directory / "results.h5") as results:
            loss = results["rounds/loss"][:]
        self.assertLess(loss[6:].mean(), 0.85 * loss[0])  # one round's batches are few: its loss may be anything

    def test_exports_the_names_of_published_state_dicts_and_bills_statistics_too(self):
        directory = self.federate("named", "network.architecture=resnet18", "training.rounds=2", ranks=2)
        tensors = header(directory / "model.safetensors")
        self.assertEqual(tensors["layer2.0.downsample.0.weight"]["shape"], [16, 8, 1, 1])
        self.assertEqual(tensors["conv1.weight"]["shape"], [8, 3, 7, 7])
        self.assertIn("layer4.1.bn2.running_var", tensors)
        count = {True: 0, False: 0}
        for name, tensor in tensors.items():
            if name != "__metadata__":
                start, end = tensor["data_offsets"]
                count[".running_" in name] += end - start
        with h5py.File(directory / "results.h5") as results:
            self.assertEqual(set(results["turns/upload_bytes"]), {sum(count.values())})
            self.assertEqual(set(results["turns/download_bytes"]), {sum(count.values())})
        self.assertEqual(count[True], 2 * 4 * 600)  # a mean and a variance of each of 600 channels

    def test_an_exported_network_labels_images(self):
        data = self.folder / "six.h5"
        code, errors = self.fedorbit("prepare", "-q", "--synthetic", "--classes", CLASSES, "--per-class", "12", "--size", "32",
                                     "-o", data)
        self.assertEqual((code, errors), (0, ""))
        trained = self.federate("trained", *NETWORKS["resnet"], f"data.path={data}", "training.rounds=15", ranks=2)
        found = []
        for model in (trained, trained / "model.safetensors"):
            output = self.folder / f"{len(found)}.h5"
            code, errors = self.fedorbit("evaluate", "-q", "--model", model, "--data", data, "--weights", self.clip, "--set",
                                         "probe.linear=false", "-o", output, ranks=2)
            self.assertEqual(code, 0, errors)
            with h5py.File(output) as file:
                table = {name: column[:] for name, column in file["scores"].items()}
            labelled = (table["scope"] == b"global") & (table["metric"] == b"accuracy") & (table["class"] < 0)
            labelled &= table["task"] == b"labelling"
            found.append((table["correct"][labelled].tolist(), table["count"][labelled].tolist()))
        self.assertEqual(found[0], found[1])
        (correct,), (count,) = found[0]
        self.assertEqual(count, 72)
        self.assertGreater(correct, 24, "no better than half as many classes by chance")

    def test_learns_without_the_batches_that_are_too_small(self):
        options = (*NETWORKS["resnet"], "training.batch_size=14", "training.rounds=2")
        directory = self.federate("skipped", *options, "training.smallest_batch=2")
        with h5py.File(directory / "results.h5") as results:
            self.assertEqual(set(results["turns/steps"]), {1}, "15 images are a batch of 14 and one that is skipped")

    def test_refuses_what_cannot_be_trained_before_anything_is_computed(self):
        for sentence, *options in (
                (r"client 0 trains on 15 images in batches of 14: the last has 1, and batch norms know no spread",
                 "training.batch_size=14", "network.architecture=resnet18"),
                (r"a batch of 4 images, 1 at once: the last part has 1, and batch norms know no spread",
                 "training.batch_size=4", "training.accumulate=4", *NETWORKS["resnet"]),
                (r"batch norms know no spread of fewer than 2 images", "training.batch_size=1", *NETWORKS["resnet"]),
                (r"network.image_size = 40: .* patches of 16 pixels; take a multiple", "network.image_size=40"),
                (r"resnet81' is not one of .*nearest is resnet18", "network.architecture=resnet81"),
                (r"network.head = \"text\": .*not in that of", "network.head=text"),
                (r"leaves cls_token as the weights have it", "network.trained=head"),
                (r"lacks the tensor 'cls_token'", f"network.weights={self.clip}")):
            with self.subTest(options=options):
                self.run_refused(sentence, *RUN, *options, directory=f"refused{len(self.files())}")
