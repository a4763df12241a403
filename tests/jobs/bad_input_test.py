"""Bad input of `run`: its command line and configuration, data, weights and machine."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest.mock

import h5py

from files import spoilt_weights, write_png
from program import FEDORBIT, MPIEXEC, RANKS
from refusal import RefusalTest


class BadInputTest(RefusalTest):
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
        self.run_refused(r"method\.personal = .*: head\.\* is the name of no shared tensor; there are context\.shared",
                         "method.personal=context*; head.*")
        self.run_refused(r"'fedavgg' is not one of \"fedavg\", \"fedprox\"", "method.strategy=fedavgg")

    def test_a_strategy_with_a_local_optimiser_that_it_is_not_defined_for(self):
        self.run_refused(r"\"scaffold\".*optimiser\.momentum = 0", "method.strategy=scaffold")

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

    def test_an_option_that_would_say_nothing_is_refused(self):
        data = f"data.path={self.data}"
        self.run_refused(r"synthetic\.size=64 is about synthetic scenes, but the images are those of .*data\.h5", data,
                         "synthetic.size=64")
        self.run_refused(r"upload\.uniform\.bits=1 is about the codec uniform, but upload\.codec = float32",
                         "upload.uniform.bits=1")
        self.run_refused(r"fedprox\.mu=1 is about the strategy fedprox, but method\.strategy = fedavg", "fedprox.mu=1")
        self.run_refused(r"prompt\.context=4 is about the learner prompt, but method\.learner = dual_prompt",
                         "prompt.context=4")
        self.run_refused(r"partition\.alpha=1 says nothing to partition\.kind = even", "partition.alpha=1")

    def test_codecs_that_cannot_be_and_memories_of_what_nothing_loses(self):
        for options, sentence in (
                (("upload.codec=uniform", "upload.uniform.bits=9"), r"upload\.uniform\.bits.*1 to 8"),
                (("upload.codec=top_k", "upload.top_k.fraction=1.5"), r"upload\.top_k\.fraction.*0 to 1"),
                (("upload.zstd=40",), r"upload\.zstd.*0 to 19"),
                (("upload.error_feedback=true",), r'upload\.codec = "float32" says everything'),
                (("download.codec=qsgd", "download.qsgd.levels=1"), r"download\.codec = \"qsgd\".*blocks of at most 3")):
            with self.subTest(options=options):
                self.run_refused(sentence, *options)

    # Data.

    def test_data_of_one_domain_divided_by_domains(self):
        self.run_refused(r"needs several domains, and the data has one", "partition.kind=domain")

    def test_data_that_was_not_fetched(self):
        pointer = self.folder / "pointer.h5"
        pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
        self.run_refused(r"pointer\.h5 is only Git LFS's pointer", f"data.path={pointer}")

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

    def test_more_images_held_out_than_clients_have(self):
        self.run_refused(r"validation_fraction = 0\.5 and partition\.test_fraction = 0\.5 leave no image to train on",
                         "partition.validation_fraction=0.5", "partition.test_fraction=0.5")
        self.run_refused(r"11 clients cannot share 6 training images", "partition.validation_fraction=0.4",
                         "partition.test_fraction=0.5", "partition.clients=11")

    def test_domains_and_clients_that_cannot_stay_unseen(self):
        domains = "synthetic.domains=winter,coarse"
        self.run_refused(r"unseen_domains = winter needs several domains, and the data has one",
                         "partition.unseen_domains=winter")
        self.run_refused(r"no domain wintre; the nearest is winter, all are winter, coarse", domains,
                         "partition.unseen_domains=wintre")
        self.run_refused(r"names all 2 domains", domains, "partition.unseen_domains=0; coarse")
        self.run_refused(r"of 10 clients none would be left", "partition.unseen_clients=10")
        self.run_refused(r"share their images with others", "partition.unseen_clients=1", "partition.kind=sampled")

    def test_a_selection_without_anything_to_select_by(self):
        self.run_refused(r"there is no such image; set partition\.validation_fraction", "evaluation.select=validation")

    def test_splits_that_are_none(self):
        self.run_refused(r"needs partition\.file", "partition.kind=file")
        self.run_refused(r"nowhere\.csv does not exist", "partition.kind=file", "partition.file=nowhere.csv")
        split = self.folder / "mine.csv"
        for lines, sentence in (("0,0,train\n0,1,test", r"line 3: image 0 stands here again, after line 2"),
                                ("72,0,train", r"line 2: there is no image 72: the data has 72"),
                                ("0,1,train", r"client 0 has no training image")):
            split.write_text(f"image,client,split\n{lines}\n")
            self.run_refused(rf"mine\.csv.*{sentence}", "partition.kind=file", f"partition.file={split}")
        split.write_text(f"# data_sha256 = {'0' * 64}\nimage,client,split\n0,0,train\n")
        self.run_refused(r"mine\.csv, line 1: the split is of other data", "partition.kind=file", f"partition.file={split}")
        self.run_refused(r"partition\.clients=3 says nothing to partition\.kind = file", "partition.kind=file",
                         f"partition.file={split}", "partition.clients=3")

    def test_more_classes_per_client_than_there_are(self):
        self.run_refused(r"classes_per_client = 7: the data has only 6", "partition.kind=pathological",
                         "partition.classes_per_client=7")

    # Weights.

    def test_missing_weights(self):
        self.run_refused(r"nowhere\.safetensors", "model.weights=nowhere.safetensors")

    def test_weights_by_a_name_at_hugging_face(self):
        self.run_refused(r"hf download openai/clip-vit-base-patch32", "model.weights=openai/clip-vit-base-patch32")

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
        self.run_refused(r"holds another experiment: partition\.seed is 1 there and 2 here, seed is 1 there and 2 "
                         r"here, training\.rounds is 1 there and 6 here;",
                         "seed=2")

    def test_a_run_directory_in_which_another_run_is_at_work(self):
        first = self.start("run", self.config, "-q", "-o", self.folder / "run", "--set", "training.rounds=100000")
        self.wait_for(self.folder / "run/results.h5.part", first)
        self.LEFT = self.LEFT | {"checkpoint.h5.part"}  # of the first, which saves while it is looked at
        self.run_refused(r"in use by another run", "training.rounds=100000")
        self.refused(r"in use by another run", "run", self.config, "-o", self.folder / "run", "--restart")
        self.assertIsNone(first.poll(), "the first goes on")

    @contextlib.contextmanager
    def small_disk(self, size):
        """A folder of a file system that holds no more."""
        disk = pathlib.Path(tempfile.mkdtemp(prefix="disk-", dir=self.folder))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
            self.skipTest("a small file system cannot be mounted: that takes root and the program mount")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", disk], check=True)

    def test_a_full_disk(self):
        with self.small_disk("192k") as disk:
            self.run_refused(r"No space left on device", "training.rounds=200", directory=disk / "run")
            self.assertFalse((disk / "run/results.h5").exists())

    def test_a_full_disk_under_an_evaluation(self):
        with self.small_disk("32k") as disk:
            self.refused(r"No space left on device", "evaluate", "-q", "--data", self.data, "--weights", self.clip, "-o",
                         disk / "e.h5")
            self.assertEqual(list(disk.iterdir()), [])

    def test_a_folder_for_what_clients_keep_that_is_not_there(self):
        self.run_refused(r"machine\.scratch = nowhere, for what does not fit into memory, is no folder", "machine.scratch=nowhere")

    def test_a_full_disk_under_what_clients_keep(self):
        run = ("run", self.config, "-q", "-o", self.folder / "run")
        with self.small_disk("8k") as disk:
            code, errors = self.fedorbit(*run, "--set", "machine.client_memory=0", "--set", f"machine.scratch={disk}")
            self.assertNotEqual(code, 0)
            self.assertRegex(errors, rf"what clients keep beyond machine\.client_memory cannot be kept in a file in {disk}: "
                                     r"No space left on device\.")
        code, errors = self.fedorbit(*run, "--set", "machine.client_memory=0")
        self.assertEqual(code, 0, errors)

    def test_nccl_in_a_build_without_it(self):
        if "nccl" in subprocess.run(["ldd", FEDORBIT], capture_output=True, text=True).stdout:
            self.skipTest("this build has it")
        self.run_refused(r"\"nccl\" is not part of this build", "machine.backend=nccl")

    def test_a_gpu_that_is_not_there(self):
        if pathlib.Path("/dev/nvidiactl").exists():
            self.skipTest("there is a GPU")
        self.run_refused(r"sees no GPU", "machine.device=cuda")

    def test_a_launcher_that_mpi_does_not_know(self):
        with unittest.mock.patch.dict(os.environ, PMI_SIZE="4"):
            self.run_refused(r"one of 4 \(PMI_SIZE\), but MPI knows of one alone")

    def test_ranks_that_are_started_differently(self):
        before = self.files()
        start = [FEDORBIT, "run", str(self.config), "-q", "-o", str(self.folder / "run")]
        launcher = subprocess.Popen([MPIEXEC, *RANKS, "-n", "1", *start, ":", "-n", "1", *start, "--set", "seed=2"],
                                    cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True)
        self.addCleanup(self.end, launcher)
        self.refusal(r"rank 1 does not hold the same resolved options as rank 0", launcher, before)

    def test_ranks_of_different_builds(self):
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / "whole", "--set", "training.rounds=1")
        self.assertEqual(code, 0, errors)
        with h5py.File(self.folder / "whole/results.h5") as results:
            commit = results.attrs["program_commit"]
        program = pathlib.Path(FEDORBIT).read_bytes()
        self.assertIn(commit, program)
        other = self.folder / "fedorbit"
        other.write_bytes(program.replace(commit, b"x" * len(commit)))
        other.chmod(0o755)
        before = self.files()
        run = ["run", str(self.config), "-q", "-o", str(self.folder / "run")]
        launcher = subprocess.Popen([MPIEXEC, *RANKS, "-n", "1", FEDORBIT, *run, ":", "-n", "1", str(other), *run],
                                    cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True)
        self.addCleanup(self.end, launcher)
        self.refusal(r"rank 1 does not hold the same build of the program as rank 0", launcher, before)

    def test_an_update_that_is_not_finite(self):
        self.run_refused(r"update of client \d+ .*in round \d+ is not finite", "optimiser.learning_rate=1e6",
                         "optimiser.weight_decay=1e6", ranks=2)
