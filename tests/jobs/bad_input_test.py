"""Whatever is wrong: one sentence from one rank, a non-zero exit soon, and nothing half-written under a final name."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

from files import spoilt_weights, write_npy, write_png
from program import FEDORBIT, MPIEXEC, RANKS, ProgramTest

SECONDS = 10  # what is promised: every rank has ended by then


def said(errors):
    """The program's own lines: without what mpirun frames in dashes, and the log's warnings."""
    outside = re.sub(r"^-{20,}\n.*?^-{20,}\n", "", errors, flags=re.MULTILINE | re.DOTALL)
    return [line for line in outside.splitlines() if line.strip() and not line.startswith("warning: ")]


class BadInputTest(ProgramTest):
    # What a run may leave: its options, its log, and what it needs to go on.
    LEFT = {"config.toml", "log.txt", "lock", "results.h5.part", "checkpoint.h5"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.shared / "data.h5"
        subprocess.run([FEDORBIT, "prepare", "--synthetic", "--classes", "forest,river", "--per-class", "12", "--size", "32",
                        "-o", cls.data], check=True, capture_output=True)

    def files(self):
        return {path for path in self.folder.rglob("*") if path.is_file()}

    def refused(self, sentence, *arguments, ranks=1):
        self.refusal(sentence, self.start(*arguments, ranks=ranks), self.files())

    def refusal(self, sentence, launcher, before):
        code, errors = self.finish(launcher, SECONDS)
        self.assertNotEqual(code, 0, errors)
        self.assertGreater(code, 0, f"it crashed: {errors}")
        lines = said(errors)
        self.assertEqual(len(lines), 1, errors)
        self.assertRegex(lines[0], sentence)
        self.assertRegex(lines[0], r"[.?]$", "it is no sentence")
        new = {path.name for path in self.files() - before}
        self.assertLessEqual(new, self.LEFT, "something is left that looks whole")

    def run_refused(self, sentence, *assignments, config=None, ranks=1, directory="run"):
        settings = [word for assignment in assignments for word in ("--set", assignment)]
        self.refused(sentence, "run", config or self.config, "-q", "-o", self.folder / directory, *settings, ranks=ranks)

    # The command line and the configuration.

    def test_an_unknown_option_names_the_nearest(self):
        self.run_refused(r"no option training\.ronds.*training\.rounds", "training.ronds=3")

    def test_an_unknown_option_on_two_ranks(self):
        self.run_refused(r"no option training\.ronds.*training\.rounds", "training.ronds=3", ranks=2)

    def test_an_unknown_option_in_the_file_names_the_file(self):
        config = self.folder / "typo.toml"
        config.write_text("[trainin]\nrounds = 3\n")
        self.run_refused(r"typo\.toml: .*trainin\.rounds.*training\.rounds", config=config)

    def test_a_wrong_type(self):
        self.run_refused(r"training\.rounds = 'three' is not a whole number", "training.rounds=three")

    def test_a_value_out_of_range_names_the_range(self):
        self.run_refused(r"training\.participation = 1\.5 is not in its range, 0 to 1", "training.participation=1.5")

    def test_a_choice_that_is_not_known_names_those_there_are(self):
        self.run_refused(r"'fedavgg' is not one of \"fedavg\", \"fedprox\"", "method.strategy=fedavgg")

    def test_a_syntax_error_names_file_and_line(self):
        config = self.folder / "syntax.toml"
        config.write_text("seed = 1\n[training]\nrounds = = 3\n")
        self.run_refused(r"syntax\.toml, line 3: ", config=config)

    def test_a_missing_configuration(self):
        self.run_refused(r"nowhere\.toml does not exist", config=self.folder / "nowhere.toml")

    def test_no_configuration(self):
        self.refused(r"needs a configuration file", "run")

    def test_an_unknown_subcommand(self):
        self.refused(r"fedorbit --help", "rum", self.config)

    def test_an_unknown_flag(self):
        self.refused(r"--fast.*fedorbit --help", "run", self.config, "--fast")

    # Data.

    def test_missing_data(self):
        self.run_refused(r"nowhere\.h5 does not exist", "data.path=nowhere.h5")

    def test_missing_data_on_two_ranks(self):
        self.run_refused(r"nowhere\.h5 does not exist", "data.path=nowhere.h5", ranks=2)

    def test_truncated_data(self):
        whole = self.data.read_bytes()
        for size in (0, 7, 100, 2048, len(whole) // 2, len(whole) - 1):
            with self.subTest(size=size):
                cut = self.folder / f"cut{size}.h5"
                cut.write_bytes(whole[:size])
                self.run_refused(rf"cut{size}\.h5", f"data.path={cut}", directory=f"run{size}")

    def test_data_of_another_kind(self):
        self.run_refused(r"experiment\.toml is not an HDF5 file", f"data.path={self.config}")

    def test_unknown_scenes_name_the_nearest(self):
        self.run_refused(r"no class \"forrest\".*\"forest\"", "synthetic.classes=forrest")

    def test_a_class_name_that_is_too_long_for_the_text_tower(self):
        write_png(self.folder / "images/a/1.png")
        write_png(self.folder / "images/b/1.png")
        (self.folder / "names.toml").write_text(f'a = "{" ".join(["quxquxqux"] * 20)}"\n')
        data = self.folder / "long.h5"
        code, errors = self.fedorbit("prepare", self.folder / "images", "-o", data, "--names", self.folder / "names.toml")
        self.assertEqual(code, 0, errors)
        self.run_refused(r"prompt of class 'quxquxqux.* tokens.* at most 40", f"data.path={data}", "partition.clients=1",
                         "partition.test_fraction=0")

    def test_more_clients_than_images(self):
        self.run_refused(r"24 .*images|19 training images|20 training images", f"data.path={self.data}", "partition.clients=40")

    def test_a_client_without_images(self):
        self.run_refused(r"client \d+ would own 0 training images", "partition.kind=dirichlet", "partition.alpha=0.001")

    def test_more_classes_per_client_than_there_are(self):
        self.run_refused(r"classes_per_client = 7: the data has only 6", "partition.kind=pathological",
                         "partition.classes_per_client=7")

    # Weights.

    def test_missing_weights(self):
        self.run_refused(r"nowhere\.safetensors", "model.weights=nowhere.safetensors")

    def test_truncated_weights(self):
        whole = self.clip.read_bytes()
        for size in (0, 5, 300, len(whole) // 2, len(whole) - 1):
            with self.subTest(size=size):
                cut = self.folder / f"cut{size}.safetensors"
                cut.write_bytes(whole[:size])
                self.run_refused(rf"cut{size}\.safetensors", f"model.weights={cut}", directory=f"run{size}")

    def spoilt(self, name, change):
        return "model.weights=" + str(spoilt_weights(self.clip, self.folder / f"{name}.safetensors", change))

    def test_weights_without_a_tensor_name_it(self):
        def rename(header, _):
            header["text.projektion"] = header.pop("text.projection")
        self.run_refused(r"text\.projection", self.spoilt("missing", rename))

    def test_weights_of_a_wrong_shape_name_the_tensor(self):
        def flatten(header, _):
            header["vision.projection"]["shape"] = [32 * 32]
        self.run_refused(r"vision\.projection", self.spoilt("shape", flatten))

    def test_weights_that_are_not_numbers_name_the_tensor(self):
        def spoil(header, body):
            first = header["text.positions"]["data_offsets"][0]
            body[first:first + 4] = b"\0\0\xc0\x7f"
        self.run_refused(r"text\.positions", self.spoilt("nan", spoil), ranks=2)

    # The machine.

    def test_a_run_directory_that_cannot_be_made(self):
        self.run_refused(r"Not a directory", directory=self.config / "run")
        self.run_refused(r"cannot be made", directory="/proc/run")

    def test_a_run_directory_that_holds_another_experiment(self):
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / "run", "--set", "training.rounds=1")
        self.assertEqual(code, 0, errors)
        self.run_refused(r"holds another experiment", "seed=2")

    def test_a_run_directory_in_which_another_run_is_at_work(self):
        first = self.start("run", self.config, "-q", "-o", self.folder / "run", "--set", "training.rounds=100000")
        self.wait_for(self.folder / "run/results.h5.part", first)
        self.LEFT = self.LEFT | {"checkpoint.h5.part"}  # of the first, which saves while it is looked at
        self.run_refused(r"in use by another run", "training.rounds=100000")
        self.refused(r"in use by another run", "run", self.config, "-o", self.folder / "run", "--restart")
        self.assertIsNone(first.poll(), "the first goes on")

    def test_a_full_disk(self):
        disk = pathlib.Path(tempfile.mkdtemp(prefix="disk-", dir=self.folder))
        mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]
        if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
            self.skipTest("a small file system cannot be mounted: that takes root and the program mount")
        try:
            self.run_refused(r"No space left on device", "training.rounds=200", directory=disk / "run")
            self.assertFalse((disk / "run/results.h5").exists())
        finally:
            subprocess.run(["umount", "-l", disk], check=True)

    def test_nccl_in_a_build_without_it(self):
        if "nccl" in subprocess.run(["ldd", FEDORBIT], capture_output=True, text=True).stdout:
            self.skipTest("this build has it")
        self.run_refused(r"\"nccl\" is not part of this build", "machine.backend=nccl")

    def test_a_gpu_that_is_not_there(self):
        if pathlib.Path("/dev/nvidiactl").exists():
            self.skipTest("there is a GPU")
        self.run_refused(r"sees no GPU", "machine.device=cuda")

    def test_ranks_that_are_started_differently(self):
        before = self.files()
        start = [FEDORBIT, "run", str(self.config), "-q", "-o", str(self.folder / "run")]
        launcher = subprocess.Popen([MPIEXEC, *RANKS, "-n", "1", *start, ":", "-n", "1", *start, "--set", "seed=2"],
                                    cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True)
        self.addCleanup(self.end, launcher)
        self.refusal(r"rank 1 does not hold the same resolved options as rank 0", launcher, before)

    def test_an_update_that_is_not_finite(self):
        self.run_refused(r"update of client \d+ .*in round \d+ is not finite", "optimiser.learning_rate=1e6",
                         "optimiser.weight_decay=1e6", ranks=2)

    # Preparing data.

    def prepare_refused(self, sentence, *arguments):
        self.refused(sentence, "prepare", *arguments, "-o", self.folder / "prepared.h5")

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
        self.refused(r"nowhere/data\.h5", "prepare", self.folder / "images", "-o", self.folder / "nowhere/data.h5")

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
        self.pretrain_refused(r"nowhere\.h5 does not exist", "data.path=nowhere.h5")

    def test_pretraining_to_a_place_that_cannot_be_written(self):
        self.pretrain_refused(r"nowhere/weights\.safetensors cannot be written", output="nowhere/weights.safetensors")

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

    def test_encoding_a_list_without_texts(self):
        (self.folder / "words.txt").write_text("\n  \n")
        self.encode_refused(r"words\.txt holds no line of text", "--text-list", self.folder / "words.txt")

    def import_refused(self, sentence, ranks=1, texts=None, templates=None, **replaced):
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
                            made["classes"], *more, ranks=ranks)

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

    def test_evaluating_a_template_without_a_place_for_the_name(self):
        self.evaluate_refused(r"model\.templates = \"a photo\" has no \{\}", "--data", self.data, "--weights", self.clip,
                              "--templates", "a photo")

    def test_evaluating_names_for_another_number_of_classes(self):
        (self.folder / "names.txt").write_text("one\n")
        self.evaluate_refused(r"names\.txt names 1 classes, but the images have 2", "--data", self.data, "--weights",
                              self.clip, "--class-names", self.folder / "names.txt", ranks=2)

    def test_evaluating_prompts_that_are_not_there(self):
        arguments = ("--data", self.data, "--weights", self.clip, "--prompts")
        self.evaluate_refused(r"nowhere.* does not exist", *arguments, self.folder / "nowhere")
        self.evaluate_refused(r"clip\.safetensors holds no prompts", *arguments, self.clip)
        self.evaluate_refused(r"data\.h5 is no results file", *arguments, self.data, ranks=2)

    def test_evaluating_to_a_place_that_cannot_be_written(self):
        self.refused(r"nowhere/evaluation\.h5", "evaluate", "-q", "--data", self.data, "--weights", self.clip, "-o",
                     self.folder / "nowhere/evaluation.h5")

    # What is there is not lost.

    def test_a_folder_with_a_configuration_of_its_own_is_left_alone(self):
        words = "# mine\n" + self.config.read_text()
        (self.folder / "mine").mkdir()
        (self.folder / "mine/config.toml").write_text(words)
        for more in ((), ("--restart",)):
            self.refused(r"holds a config\.toml that no run has written", "run", self.folder / "mine/config.toml", "-q",
                         "-o", self.folder / "mine", *more)
            self.assertEqual((self.folder / "mine/config.toml").read_text(), words)

    def test_a_restart_with_missing_input_keeps_the_results(self):
        run = self.folder / "kept"
        code, errors = self.finish(self.start("run", self.config, "-q", "-o", run))
        self.assertEqual(code, 0, errors)
        before = (run / "results.h5").read_bytes()
        self.refused(r"nowhere\.h5 does not exist", "run", self.config, "-q", "-o", run, "--restart", "--set",
                     "data.features=nowhere.h5")
        self.assertEqual((run / "results.h5").read_bytes(), before)

    def test_outputs_do_not_replace_something_else(self):
        data = self.folder / "copy.h5"
        data.write_bytes(self.data.read_bytes())
        self.refused(r"copy\.h5 is read; it cannot be written to", "encode", "-q", "--data", data, "--weights", self.clip,
                     "-o", data)
        self.refused(r"copy\.h5 is there and is not of the kind", "evaluate", "-q", "--data", self.data, "--weights",
                     self.clip, "-o", data, ranks=2)
        self.refused(r"is a folder", "encode", "-q", "--data", data, "--weights", self.clip, "-o", self.folder)
        self.refused(r"copy\.h5 is there and is not of the kind", "pretrain", "--set", f"data.path={self.data}", "-o", data,
                     ranks=2)
        self.assertEqual(data.read_bytes(), self.data.read_bytes())
        weights = self.clip.read_bytes()
        self.refused(r"is there and is not of the kind", "prepare", "--synthetic", "-o", self.clip)
        self.assertEqual(self.clip.read_bytes(), weights)

    def test_a_runs_results_are_not_written_by_evaluate(self):
        run = self.folder / "unfinished"
        run.mkdir()
        for name in ("config.toml", "results.h5.part", "checkpoint.h5"):
            (run / name).write_bytes(b"of the run")
        self.refused(r"results\.h5 belongs to the run", "evaluate", "-q", "--data", self.data, "--weights", self.clip, "-o",
                     run / "results.h5")
        self.assertEqual((run / "results.h5.part").read_bytes(), b"of the run")

    def test_inspecting_what_is_nothing(self):
        self.refused(r"nowhere does not exist", "inspect", self.folder / "nowhere")
        self.refused(r"experiment\.toml is no file that this program knows", "inspect", self.config)
        self.refused(r"is a folder without results", "inspect", self.folder)
        whole = self.data.read_bytes()
        cut = self.folder / "cut.h5"
        cut.write_bytes(whole[:len(whole) // 2])
        self.refused(r"cut\.h5 was left by a process that was killed .*or is damaged", "inspect", cut)
