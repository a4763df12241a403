"""Bad input of the subcommands that make files: prepare, pretrain, encode, evaluate; and inspect."""

import struct

from files import write_npy, write_png
from refusal import RefusalTest


class BadFilesTest(RefusalTest):
    # Preparing data.

    def prepare_refused(self, sentence, *arguments):
        self.refused(sentence, "prepare", "-q", *arguments, "-o", self.folder / "prepared.h5")

    def test_preparing_an_image_that_does_not_decode(self):
        write_png(self.folder / "images/forest/good.png")
        (self.folder / "images/forest/bad.png").write_text("no image")
        self.prepare_refused(r"1 of 2 images cannot be used.*bad\.png", self.folder / "images")

    def test_preparing_an_image_that_was_cut_short(self):
        write_png(self.folder / "images/forest/good.png")
        whole = (self.folder / "images/forest/good.png").read_bytes()
        (self.folder / "images/forest/cut.png").write_bytes(whole[:len(whole) // 2])
        self.prepare_refused(r"1 of 2 images cannot be used.*cut\.png", self.folder / "images")

    def test_preparing_a_class_without_images(self):
        write_png(self.folder / "images/forest/good.png")
        (self.folder / "images/river").mkdir()
        self.prepare_refused(r"images/river holds no image", self.folder / "images")

    def test_preparing_an_empty_folder(self):
        (self.folder / "images").mkdir()
        self.prepare_refused(r"has no class folders", self.folder / "images")

    def test_preparing_a_missing_folder(self):
        self.prepare_refused(r"no folder .*images", self.folder / "images")

    def test_preparing_to_a_place_that_cannot_be_written(self):
        write_png(self.folder / "images/forest/good.png")
        self.refused(r"nowhere/data\.h5", "prepare", "-q", self.folder / "images", "-o", self.folder / "nowhere/data.h5")

    # Pre-training.

    def pretrain_refused(self, sentence, *assignments, ranks=1, output="weights.safetensors"):
        settings = [word for assignment in assignments for word in ("--set", assignment)]
        self.refused(sentence, "pretrain", "-o", self.folder / output, "--set", "synthetic.per_class=4", "--set",
                     "synthetic.classes=forest,river", "--set", "synthetic.size=32", *settings, ranks=ranks)

    def test_pretraining_with_an_unknown_option(self):
        self.pretrain_refused(r"no option clip\.vision_with.*clip\.vision_width", "clip.vision_with=64")

    def test_pretraining_sizes_that_do_not_fit(self):
        self.pretrain_refused(r"vision tower of width 100 cannot be divided into 3 heads", "clip.vision_width=100")

    def test_pretraining_on_too_few_images(self):
        self.pretrain_refused(r"training\.batch_size = 128 is more than", "training.batch_size=128", ranks=2)

    def test_pretraining_on_missing_data(self):
        self.refused(r"nowhere\.h5 does not exist", "pretrain", "-o", self.folder / "weights.safetensors", "--set",
                     "data.path=nowhere.h5")

    def test_pretraining_to_a_place_that_cannot_be_written(self):
        self.pretrain_refused(r"nowhere/weights\.safetensors cannot be written", output="nowhere/weights.safetensors")

    def test_pretraining_on_data_with_options_of_scenes(self):
        self.pretrain_refused(r"synthetic\.\S+ is about synthetic scenes", f"data.path={self.data}")

    def test_pretraining_on_captions_without_a_place_for_the_name(self):
        self.pretrain_refused(r"has no \{\}", "captions.templates=a photo.")

    # Encoding and importing features.

    def encode_refused(self, sentence, *arguments, output="features.h5", ranks=1):
        self.refused(sentence, "encode", "-q", "-o", self.folder / output, *arguments, ranks=ranks)

    def test_encoding_without_an_output(self):
        self.refused(r"needs -o FILE\.h5", "encode", "--weights", self.clip)

    def test_encoding_with_an_unknown_option(self):
        self.encode_refused(r"no option views\.cont.*views\.count", "--set", "views.cont=2")

    def test_encoding_missing_data_on_two_ranks(self):
        self.encode_refused(r"nowhere\.h5 does not exist", "--data", "nowhere.h5", ranks=2)

    def test_encoding_with_missing_weights(self):
        self.encode_refused(r"nowhere\.safetensors", "--data", self.data, "--weights", "nowhere.safetensors", ranks=2)

    def test_encoding_to_a_place_that_cannot_be_written(self):
        for ranks in (1, 2):
            self.encode_refused(r"nowhere/features\.h5 cannot be written", "--data", self.data, "--weights", self.clip,
                                output="nowhere/features.h5", ranks=ranks)

    def test_encoding_with_options_that_would_say_nothing(self):
        (self.folder / "words.txt").write_text("a river\n")
        texts = ("--weights", self.clip, "--text-list", self.folder / "words.txt")
        self.encode_refused(r"not both", *texts, "--data", self.data)
        self.encode_refused(r"are about images", *texts, "--patches")
        self.encode_refused(r"are about images", *texts, "--views", "2")
        self.encode_refused(r"synthetic\.size=64 is about synthetic scenes", "--data", self.data, "--set", "synthetic.size=64")
        self.import_refused(r"takes features as they are", options=("--weights", self.clip))

    def test_encoding_a_list_without_texts(self):
        (self.folder / "words.txt").write_text("\n  \n")
        self.encode_refused(r"words\.txt holds no line of text", "--text-list", self.folder / "words.txt")
        (self.folder / "words.txt").write_bytes(b"a river\na c\xf4te\n")
        self.encode_refused(r"words\.txt is not in UTF-8: its line \"a c\\xf4te\"", "--text-list",
                            self.folder / "words.txt", "--weights", self.clip)

    def import_refused(self, sentence, ranks=1, texts=None, templates=None, options=(), **replaced):
        """An import that would be well but for what is replaced: images (6, 4) of 3 classes."""
        made = {"images": write_npy(self.folder / "images.npy", (6, 4)),
                "labels": write_npy(self.folder / "labels.npy", (6,), "<i8", data=struct.pack("<6q", 0, 1, 2, 0, 1, 2)),
                "classes": self.folder / "classes.txt"}
        made["classes"].write_text("forest\nriver\nharbor\n")
        made.update(replaced)
        more = [word for path in texts or () for word in ("--texts", path)]
        if templates:
            (self.folder / "templates.txt").write_text(templates)
            more += ["--templates", self.folder / "templates.txt"]
        self.encode_refused(sentence, "--import-images", made["images"], "--labels", made["labels"], "--classes",
                            made["classes"], *more, *options, ranks=ranks)

    def test_importing_without_labels(self):
        self.encode_refused(r"needs --labels FILE\.npy and --classes", "--import-images",
                            write_npy(self.folder / "images.npy", (6, 4)))

    def test_importing_labels_without_images(self):
        self.encode_refused(r"go with --import-images", "--labels", write_npy(self.folder / "labels.npy", (6,), "<i8"))

    def test_importing_missing_or_foreign_files(self):
        self.import_refused(r"nowhere\.npy does not exist", images="nowhere.npy", ranks=2)
        self.import_refused(r"experiment\.toml is not an array file", images=self.config)

    def test_importing_an_array_that_was_cut_short(self):
        whole = write_npy(self.folder / "cut.npy", (6, 4)).read_bytes()
        for size in (0, 6, 9, 70, len(whole) - 1):
            (self.folder / "cut.npy").write_bytes(whole[:size])
            self.import_refused(r"cut\.npy", images=self.folder / "cut.npy")

    def test_importing_arrays_of_the_wrong_kind(self):
        self.import_refused(r"'>f4'", images=write_npy(self.folder / "i.npy", (6, 4), ">f4"))
        self.import_refused(r"Fortran order", images=write_npy(self.folder / "i.npy", (6, 4), fortran=True))
        self.import_refused(r"whole numbers", images=write_npy(self.folder / "i.npy", (6, 4), "<i8"))
        self.import_refused(r"l\.npy has the shape.*floating", labels=write_npy(self.folder / "l.npy", (6,)))

    def test_importing_features_that_are_not_finite(self):
        data = struct.pack("<24f", *([0] * 23 + [float("nan")]))
        self.import_refused(r"i\.npy holds numbers that are not finite", images=write_npy(self.folder / "i.npy", (6, 4), data=data))

    def test_importing_shapes_that_do_not_fit_together(self):
        self.import_refused(r"i\.npy has the shape \[6\]", images=write_npy(self.folder / "i.npy", (6,)))
        self.import_refused(r"l\.npy has the shape \[5\]", labels=write_npy(self.folder / "l.npy", (5,), "<i8"))
        self.import_refused(r"t\.npy has the shape \[2, 3, 5\].*\(templates, 3, 4\)", ranks=2,
                            texts=[write_npy(self.folder / "t.npy", (2, 3, 5))])
        self.import_refused(r"t\.npy has the shape", texts=[write_npy(self.folder / "t.npy", (4, 4))])
        self.import_refused(r"templates\.txt has 3 templates", texts=[write_npy(self.folder / "t.npy", (2, 3, 4))],
                            templates="a {}\nb {}\nc {}\n")

    def test_importing_labels_that_name_no_class(self):
        labels = write_npy(self.folder / "l.npy", (6,), "<i8", data=struct.pack("<6q", 0, 1, 2, 0, 1, 3))
        self.import_refused(r"gives image 5 the label 3, outside 0 to 2", labels=labels)

    def test_importing_a_class_twice(self):
        (self.folder / "twice.txt").write_text("forest\nriver\nforest\n")
        self.import_refused(r"names the class \"forest\" twice", classes=self.folder / "twice.txt")

    # Evaluating and inspecting.

    def evaluate_refused(self, sentence, *arguments, ranks=1):
        self.refused(sentence, "evaluate", "-q", "-o", self.folder / "evaluation.h5", *arguments, ranks=ranks)

    def test_evaluating_what_is_no_feature_file(self):
        self.evaluate_refused(r"nowhere\.h5 does not exist", "--features", "nowhere.h5", ranks=2)
        self.evaluate_refused(r"data\.h5 is no feature file", "--features", self.data)
        self.evaluate_refused(r"experiment\.toml is not an HDF5 file", "--features", self.config)

    def test_evaluating_with_options_of_scenes_that_are_not_drawn(self):
        self.evaluate_refused(r"synthetic\.size=64 is about synthetic scenes", "--data", self.data, "--weights", self.clip,
                              "--set", "synthetic.size=64")

    def test_evaluating_a_template_without_a_place_for_the_name(self):
        self.evaluate_refused(r"model\.templates = \"a photo\" has no \{\}", "--data", self.data, "--weights", self.clip,
                              "--templates", "a photo")

    def test_evaluating_names_for_another_number_of_classes(self):
        (self.folder / "names.txt").write_text("one\n")
        self.evaluate_refused(r"names\.txt names 1 classes, but the images have 2", "--data", self.data, "--weights",
                              self.clip, "--class-names", self.folder / "names.txt", ranks=2)

    def test_evaluating_a_model_that_is_not_there(self):
        arguments = ("--data", self.data, "--weights", self.clip, "--model")
        self.evaluate_refused(r"nowhere.* does not exist", *arguments, self.folder / "nowhere")
        self.evaluate_refused(r"clip\.safetensors holds no model that a run has exported", *arguments, self.clip)
        self.evaluate_refused(r"data\.h5 is no results file", *arguments, self.data, ranks=2)

    def test_evaluating_to_a_place_that_cannot_be_written(self):
        self.refused(r"nowhere/evaluation\.h5", "evaluate", "-q", "--data", self.data, "--weights", self.clip, "-o",
                     self.folder / "nowhere/evaluation.h5")

    def test_inspecting_what_is_nothing(self):
        self.refused(r"nowhere does not exist", "inspect", self.folder / "nowhere")
        self.refused(r"experiment\.toml is no file that this program knows", "inspect", self.config)
        self.refused(r"is a folder without results", "inspect", self.folder)
        whole = self.data.read_bytes()
        cut = self.folder / "cut.h5"
        cut.write_bytes(whole[:len(whole) // 2])
        self.refused(r"cut\.h5 was left by a process that was killed .*or is damaged", "inspect", cut)
