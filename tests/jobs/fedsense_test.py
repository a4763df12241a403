"""FedSense as its users start it: a server that distils from public images, on any number of ranks, after a kill, with full
messages and with one bit, and its sentences."""

import signal

import h5py

from federation import FederationTest
from self_supervised_test import VIEWS

CLASSES = "forest,river,harbor,runway,farmland,parking lot"
SIMSIAM = ("method.learner=simsiam", "simsiam.architecture=resnet18", "simsiam.width=8", "simsiam.image_size=32",
           "simsiam.projection=16", "simsiam.prediction=8", "simsiam.alignment=0.5", "partition.clients=4",
           "training.batch_size=5", "training.smallest_batch=2", "training.group_size=0", "optimiser.learning_rate=0.02", *VIEWS)
SENSE = ("method.strategy=fedsense", "fedsense.distillation.steps=6", "fedsense.distillation.batch_size=6",
         "fedsense.distillation.batches=2")
ASIDE = "partition.public_images=14"
ONE_BIT = ("upload.codec=uniform", "upload.uniform.bits=1", "upload.error_feedback=true")


class FedSenseTest(FederationTest):
    def other_images(self, per_class="6"):
        data = self.folder / "public.h5"
        code, errors = self.fedorbit("prepare", "-q", "--synthetic", "--classes", "beach,forest", "--per-class", per_class,
                                     "--size", "48", "-o", data)
        self.assertEqual((code, errors), (0, ""))
        return data

    def test_numbers_do_not_depend_on_the_number_of_ranks(self):
        for name, options in (("whole messages", ("fedsense.flatness=sam", "training.participation=0.75", ASIDE)),
                              ("one bit", (*ONE_BIT, f"data.public={self.other_images()}"))):
            with self.subTest(messages=name):
                self.assert_alike_on((1, 2, 3, 4), name, *SIMSIAM, *SENSE, *options)

    def test_a_killed_run_goes_on_to_the_same_numbers(self):
        self.assert_alike_after_a_kill("sense", *SIMSIAM, *SENSE, *ONE_BIT, ASIDE, "training.rounds=20", "evaluation.every=10",
                                       "checkpoint.every=3")

    def test_what_the_server_learns_costs_no_federated_byte(self):
        distilled = self.federate("distilled", *SIMSIAM, *SENSE, ASIDE, "training.rounds=2", ranks=2)
        plain = self.federate("plain", *SIMSIAM, "method.strategy=fedlesam", ASIDE, "training.rounds=2", ranks=2)
        with h5py.File(distilled / "results.h5") as one, h5py.File(plain / "results.h5") as other:
            self.assertEqual((one["turns/upload_bytes"][:] == other["turns/upload_bytes"][:]).all(), True)
            self.assertEqual(set(one["turns/upload_extras_bytes"][:]), {0})
            self.assertEqual((one["rounds/download_bytes"][:] == other["rounds/download_bytes"][:]).all(), True)
            self.assertFalse((one["rounds/update_norm"][:] == other["rounds/update_norm"][:]).any())
        with open(distilled / "split.csv") as split:
            self.assertEqual(sum(line.endswith(",-1,public\n") for line in split), 14)

    def test_public_images_of_another_file_are_asked_about_again_when_a_run_goes_on(self):
        options = (*SIMSIAM, *SENSE, f"data.public={self.other_images()}", "training.rounds=20", "checkpoint.every=3")
        directory = self.folder / "run"
        launcher = self.start("run", self.config, "-q", "-o", directory, *self.words(*options))
        self.wait_for(directory / "checkpoint.h5", launcher)
        launcher.send_signal(signal.SIGUSR2)
        self.assertEqual(self.finish(launcher)[0], 75)
        self.other_images(per_class="7")
        self.refused(r"was begun with public_sha256 = \w+, which is now \w+", "run", self.config, "-q", "-o", directory,
                     *self.words(*options))

    def test_refuses_what_the_server_cannot_distil_from(self):
        few = self.other_images(per_class="5")
        for sentence, *options in (
                (r"distils at the server what encoders see of public images, and there are none; name a data set",),
                (r"takes 2 batches of 6 public images, and what \[partition\] sets aside has 11", "partition.public_images=11"),
                (r"takes 2 batches of 6 public images, and data\.public = .*public\.h5 has 10", f"data.public={few}"),
                (r"nowhere\.h5 does not exist", "data.public=nowhere.h5"),
                (r"the server looks at one of both", f"data.public={few}", ASIDE),
                (r"has the images of the data itself", f"data.path={self.data}", f"data.public={self.data}"),
                (r"would leave no image to train on: 60", "partition.public_images=60"),
                (r"method\.personal = \"\*\" the server has no whole encoder", "method.personal=*", ASIDE),
                (r"fedsense\.rho = -1 is not in its range", "fedsense.rho=-1", ASIDE),
                (r"fedsense\.distillation\.temperature = 0 is not in its range", "fedsense.distillation.temperature=0", ASIDE),
                (r"is defined for whole cohorts", "schedule.kind=buffer", "schedule.buffer=2", ASIDE),
                (r"clients train nothing of theirs", "method.learner=network", "network.architecture=clip",
                 "network.trained=head", ASIDE)):
            with self.subTest(options=options):
                learner = [option for option in SIMSIAM if not option.startswith(("simsiam.", "method."))]
                mine = learner if any(option.startswith("method.learner") for option in options) else SIMSIAM
                self.run_refused(sentence, *mine, *SENSE, *options, directory=f"refused{len(self.files())}")
        self.run_refused(r"method\.learner = \"prompt\" is no encoder", "method.strategy=fedsense", "method.learner=prompt",
                         directory="prompt")
        self.run_refused(r"data\.public=.* is about public images, at which method\.strategy = fedavg does not look",
                         f"data.public={few}", directory="fedavg")
