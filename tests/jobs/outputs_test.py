"""What is there is not lost: runs, configurations and files stay as they are when a command is refused."""

from refusal import RefusalTest


class OutputsTest(RefusalTest):
    def test_a_folder_with_a_configuration_of_its_own_is_left_alone(self):
        words = "# mine\n" + self.config.read_text()
        (self.folder / "mine").mkdir()
        (self.folder / "mine/config.toml").write_text(words)
        for more in ((), ("--restart",)):
            self.refused(r"holds a config\.toml that no run has written", "run", self.folder / "mine/config.toml", "-q",
                         "-o", self.folder / "mine", *more)
            self.assertEqual((self.folder / "mine/config.toml").read_text(), words)

    def test_a_finished_run_is_known_again_without_its_lock_and_says_that_its_model_is_gone(self):
        run = self.folder / "run"
        words = ("run", self.config, "-q", "-o", run, "--set", "training.rounds=1")
        self.assertEqual(self.fedorbit(*words), (0, ""))
        (run / "lock").unlink()  # as a copy that leaves out empty files
        self.assertEqual(self.fedorbit(*words), (0, ""))
        (run / "model.safetensors").unlink()
        code, errors = self.fedorbit(*words)
        self.assertEqual(code, 0, errors)
        self.assertRegex(errors, r"^warning: .*model\.safetensors is not there any more; what it held is in .*results\.h5")
        (run / "lock").unlink()
        (run / "config.toml").write_text("# mine\n" + self.config.read_text())
        self.refused(r"holds a config\.toml that no run has written", *words)

    def test_a_restart_with_missing_input_keeps_the_results(self):
        run = self.folder / "kept"
        code, errors = self.finish(self.start("run", self.config, "-q", "-o", run))
        self.assertEqual(code, 0, errors)
        before = (run / "results.h5").read_bytes()
        self.refused(r"nowhere\.h5 does not exist", "run", self.config, "-q", "-o", run, "--restart", "--set",
                     "data.features=nowhere.h5")
        self.assertEqual((run / "results.h5").read_bytes(), before)

    def test_a_split_that_a_run_reads_is_not_written_anew_by_it(self):
        run, mine = self.folder / "run", self.folder / "mine"
        code, errors = self.finish(self.start("run", self.config, "-q", "-o", run))
        self.assertEqual(code, 0, errors)
        mine.mkdir()
        words = (run / "split.csv").read_text() + "\n\n"  # what an editor has left tells it from a run's own
        for folder, *more in ((mine,), (run, "--restart")):
            (folder / "split.csv").write_text(words)
            self.refused(r"partition\.file = .*split\.csv is a file that a run in that folder writes anew; copy it", "run",
                         self.config, "-q", "-o", folder, "--set", "partition.kind=file", "--set",
                         f"partition.file={folder}/split.csv", *more)
            self.assertEqual((folder / "split.csv").read_text(), words)

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

    def test_results_take_the_place_of_none_of_another_command(self):
        run, results = self.folder / "run", {}
        code, errors = self.fedorbit("run", self.config, "-q", "-o", run, "--set", "training.rounds=1")
        self.assertEqual(code, 0, errors)
        results["run"] = self.folder / "copied.h5"
        results["run"].write_bytes((run / "results.h5").read_bytes())
        commands = {
            "evaluate": ("evaluate", "-q", "--data", self.data, "--weights", self.clip),
            "bench-comm": ("bench-comm", "--set", "largest=64", "--set", "calls=2"),
            "links": ("links", run, "--step-seconds", "0.1"),
        }
        for name, words in commands.items():
            results[name] = self.folder / f"{name}.h5"
            for _ in range(2):  # the second takes the place of the first
                code, errors = self.fedorbit(*words, "-o", results[name])
                self.assertEqual(code, 0, errors)
        for there, file in results.items():
            before = file.read_bytes()
            for name, words in commands.items():
                if name == there:
                    continue
                with self.subTest(there=there, command=name):
                    self.refused(rf"{file.name} holds results of fedorbit {there}, which fedorbit {name} does not overwrite",
                                 *words, "-o", file)
            self.assertEqual(file.read_bytes(), before)

    def test_a_runs_results_are_not_written_by_evaluate(self):
        run = self.folder / "unfinished"
        run.mkdir()
        for name in ("config.toml", "results.h5.part", "checkpoint.h5"):
            (run / name).write_bytes(b"of the run")
        self.refused(r"results\.h5 belongs to the run", "evaluate", "-q", "--data", self.data, "--weights", self.clip, "-o",
                     run / "results.h5")
        self.assertEqual((run / "results.h5.part").read_bytes(), b"of the run")
