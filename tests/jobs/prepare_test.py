"""What `prepare` makes of files and folders as people have them, and which of its options go together."""

import os
import pathlib
import resource
import subprocess
import unittest

import h5py

from files import write_png
from program import FEDORBIT
from refusal import RefusalTest

CASES = pathlib.Path(__file__).parents[2] / "../shared/cases"


def images_of(path):
    """The images by file name, each (height, width, 3), and what was left out."""
    with h5py.File(path) as file:
        pixels, rows = file["pixels"][:], zip(file["offset"][:], file["height"][:], file["width"][:])
        images = [pixels[at:at + height * width * 3].reshape(height, width, 3) for at, height, width in rows]
        names = [name.decode() for name in file["file_name"][:]]
        return dict(zip(names, images)), [name.decode() for name in file["skipped_file"][:]]


class PrepareTest(RefusalTest):
    def prepared(self, folder, *options, ranks=1):
        """(images, files left out, standard error)"""
        output = self.folder / "out.h5"
        code, errors = self.fedorbit("prepare", folder, "-o", output, *options, ranks=ranks)
        self.assertEqual(code, 0, errors)
        return *images_of(output), errors

    def prepare_refused(self, sentence, *arguments):
        self.refused(sentence, "prepare", "-q", *arguments, "-o", self.folder / "out.h5")

    # Options.

    def test_options_of_scenes_are_refused_for_folders(self):
        write_png(self.folder / "in/a/1.png")
        for option, value, hint in (("--size", "64", "--resize"), ("--per-class", "4", "--limit"), ("--seed", "3", "synthetic"),
                                    ("--classes", "a,b", "synthetic"), ("--domains", "all", "--domain name="),
                                    ("--contact-sheet", self.folder / "sheet.png", "synthetic")):
            self.prepare_refused(rf"{option} is about --synthetic scenes; .*{hint}", self.folder / "in", option, value)

    def test_options_of_folders_are_refused_for_scenes(self):
        for option in (["--bands", "1"], ["--range", "0:9"], ["--resize", "64"], ["--names", "n.toml"], ["--limit", "3"],
                       ["--skip-bad"]):
            self.prepare_refused(rf"{option[0]} is about images in folders", "--synthetic", *option)

    def test_a_contact_sheet_takes_no_other_files_place(self):
        before = self.clip.read_bytes()
        self.prepare_refused(r"writes a PNG", "--synthetic", "--contact-sheet", self.clip)
        self.assertEqual(self.clip.read_bytes(), before)

    def test_images_are_reduced_where_that_is_asked_for(self):
        write_png(self.folder / "in/a/large.png", size=40)
        write_png(self.folder / "in/a/small.png", size=8)
        images, _, _ = self.prepared(self.folder / "in", "--resize", "16")
        self.assertEqual({name: image.shape for name, image in images.items()},
                         {"a/large.png": (16, 16, 3), "a/small.png": (8, 8, 3)})

    def test_classes_are_named_and_a_single_one_is_warned_of(self):
        write_png(self.folder / "in/images/1.png")
        self.assertRegex(self.prepared(self.folder / "in")[2], r"(?s)1 class: images\n.*one level too high")
        write_png(self.folder / "in/BareLand/1.png")
        errors = self.prepared(self.folder / "in")[2]
        self.assertRegex(errors, "2 classes: bare land, images\n")
        self.assertNotRegex(errors, "one level")

    def test_of_several_ranks_one_prepares(self):
        write_png(self.folder / "in/a/1.png")
        images, _, errors = self.prepared(self.folder / "in", ranks=3)
        self.assertEqual(list(images), ["a/1.png"])
        self.assertEqual(errors.count("1 image,"), 1, errors)

    # Folders.

    def test_folders_above_the_classes(self):
        write_png(self.folder / "in/train/a/1.png")
        write_png(self.folder / "in/test/a/1.png")
        self.prepare_refused(r"in/test.*in/train\): give one of these", self.folder / "in")

    def test_a_link_that_leads_nowhere_is_named_or_listed(self):
        write_png(self.folder / "in/a/1.png")
        (self.folder / "in/a/2.png").symlink_to("../.git/annex/objects/2.png")
        self.prepare_refused(r"1 of 2 images cannot be used.*in/a/2\.png is a link to .*annex", self.folder / "in")
        images, skipped, _ = self.prepared(self.folder / "in", "--skip-bad")
        self.assertEqual((list(images), skipped), (["a/1.png"], ["a/2.png"]))

    def test_a_pointer_to_content_that_was_not_fetched(self):
        (self.folder / "in/a").mkdir(parents=True)
        (self.folder / "in/a/1.jpg").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{0:064}\nsize 12345\n")
        self.prepare_refused(r"in/a/1\.jpg is only Git LFS's pointer", self.folder / "in")

    def test_names_that_are_not_utf8(self):
        try:
            write_png(self.folder / os.fsdecode(b"in/\xbb\xfa/\xb3\xa1.png"))
        except OSError:
            self.skipTest("this file system takes UTF-8 alone")
        write_png(self.folder / "in/b/1.png")
        self.prepare_refused(r"class folder \\xbb\\xfa has a name that is not UTF-8.*--names", self.folder / "in")
        (self.folder / "names.toml").write_text("'\\xbb\\xfa' = \"airport\"\n")
        images, _, errors = self.prepared(self.folder / "in", "--names", self.folder / "names.toml")
        self.assertEqual(list(images), ["b/1.png", r"\xbb\xfa/\xb3\xa1.png"])
        self.assertRegex(errors, "b, airport")

    # Images that went wrong once.

    def case(self, name, *options):
        if not CASES.exists():
            self.skipTest("the small inputs are not here")
        return self.prepared(CASES / name / "in", *options)

    def test_grey_of_few_bits_is_scaled_to_the_full_range(self):
        images = self.case("png-low-bit-grey")[0]
        self.assertEqual(images["field/bits1.png"][0, :, 0].tolist(), [0, 255] * 4)
        self.assertEqual(images["field/bits4.png"][0, :, 0].tolist(), [0, 34, 68, 102, 136, 170, 204, 255])

    def test_a_tiff_is_turned_as_it_says(self):
        image = self.case("tiff-orientation")[0]["field/tag6.tif"]
        self.assertEqual(image.shape, (3, 2, 3))
        self.assertEqual(image[0, 1].tolist(), [255, 0, 0])

    def test_a_byte_that_sequential_jpegs_do_not_use_is_not_minded(self):
        images = self.case("jpeg-sos")[0]
        self.assertEqual(images["field/end-of-spectrum-0.jpg"].tolist(), images["field/good.jpg"].tolist())

    def test_bands_and_range_of_a_sensor_are_asked_for(self):
        image = self.case("uint16-dark", "--bands", "4,3,2", "--range", "0:3000")[0]["field/thirteen.tif"]
        self.assertEqual((image.min(), image.max()), (60, 254))
        self.prepare_refused(r"13 bands of samples of type UInt16.*--bands.*--range", CASES / "uint16-dark/in")

    def test_bands_are_taken_by_their_roles(self):
        self.assertEqual(self.case("bgr-colour-roles")[0]["field/blue-first.tif"][0, 0].tolist(), [200, 20, 10])

    def test_a_header_that_promises_too_much_takes_no_memory(self):
        if not CASES.exists():
            self.skipTest("the small inputs are not here")
        output = self.folder / "out.h5"
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
        done = subprocess.run([FEDORBIT, "prepare", CASES / "huge-header/in", "-o", output, "--skip-bad"], preexec_fn=limit,
                              env=self.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"bomb\.png says that it has 60000 x 60000 pixels")
        images, skipped = images_of(output)
        self.assertEqual((list(images), skipped), (["field/good.png"], ["field/bomb.png"]))


if __name__ == "__main__":
    unittest.main()
