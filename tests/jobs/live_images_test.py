"""Clients that train on images as they are read: the same numbers from any number of ranks and threads, and a sentence
where an image is damaged."""

import re

import h5py

from analysis.compare import differences
from refusal import RefusalTest


class LiveImagesTest(RefusalTest):
    IMAGES = ("engine.live_images=true", "images.smallest_crop=0.4", "images.flip=true", "training.rounds=3",
              "training.local_epochs=2")
    LIVE = (*IMAGES, "dual_prompt.drift_warning=-1")

    def federate(self, directory, *assignments, ranks=1, live=LIVE):
        settings = [word for option in (f"data.path={self.data}", *live, *assignments) for word in ("--set", option)]
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / directory, *settings, ranks=ranks)
        self.assertEqual((code, errors), (0, ""))
        return self.folder / directory

    def test_numbers_do_not_depend_on_ranks_threads_or_what_is_kept(self):
        for group in (1, 2, 5):  # the last are more than three ranks' even shares
            one = self.federate(f"one{group}", f"training.group_size={group}")
            for name, ranks, *options in (("ranks", 3), ("threads", 1, "machine.readers=4", "machine.image_memory=0")):
                other = self.federate(f"{name}{group}", f"training.group_size={group}", *options, ranks=ranks)
                lines, compared = differences(one, other)
                self.assertEqual([line for line in lines if not line.startswith("option machine.")], [])
                self.assertGreater(compared, 30)

    def test_clients_whose_images_are_encoded_together_are_the_same_on_more_ranks_than_groups(self):
        options = ("method.learner=linear", "training.group_size=5", "partition.clients=5")
        one, other = (self.federate(f"group{ranks}", *options, ranks=ranks, live=self.IMAGES) for ranks in (1, 3))
        self.assert_same(one, other)

    def test_clients_see_crops_and_mirrored_images(self):
        seen = self.federate("seen")
        for name, option in (("crops", "images.smallest_crop=1"), ("mirrored", "images.flip=false")):
            lines, _ = differences(seen, self.federate(name, option))
            self.assertTrue(any("/turns/loss" in line for line in lines), (name, lines))

    def test_a_damaged_image_is_named_and_ends_every_rank(self):
        self.federate("whole")  # its features are kept from now on
        content = bytearray(self.data.read_bytes())
        with h5py.File(self.data) as file:
            offset, height, width, pixels = (file[name][:] for name in ("offset", "height", "width", "pixels"))
        size = 3 * height[5] * width[5]
        place = content.find(pixels[offset[5]:offset[5] + size].tobytes())
        self.assertGreater(place, 0)
        content[place + 100] ^= 1
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes(content)
        sentence = re.escape(str(damaged)) + ": the pixels of image 5 do not fit their checksum"
        for ranks in (1, 2):
            self.run_refused(sentence, f"data.path={damaged}", *self.LIVE, ranks=ranks, directory=f"damaged{ranks}")

    def test_options_of_images_are_refused_where_nobody_trains_on_them(self):
        self.run_refused(r"--set images.flip=true .* method.learner = dual_prompt .* kept features", "images.flip=true")
