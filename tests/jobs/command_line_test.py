"""What the subcommands' command lines have in common, and what a run warns of at its start."""

import subprocess

import h5py

from program import FEDORBIT, ProgramTest


class CommandLineTest(ProgramTest):
    def test_help_lists_every_option(self):
        for command, option in (("run", "optimiser.learning_rate = "), ("encode", "features.computed_in = "),
                                ("evaluate", "probe.k = "), ("pretrain", "clip.vision_width = ")):
            with self.subTest(command=command):
                done = subprocess.run([FEDORBIT, command, "--help"], capture_output=True, text=True, check=True)
                self.assertIn(option, done.stdout)

    def test_run_takes_data_and_weights_as_the_others_do(self):
        data = self.folder / "data.h5"
        subprocess.run([FEDORBIT, "prepare", "--synthetic", "--classes", "forest,river", "--per-class", "24", "--size", "32",
                        "-o", data], check=True, capture_output=True)
        bare = self.folder / "bare.toml"
        bare.write_text("[training]\nrounds = 1\n[partition]\nclients = 4\n")
        code, errors = self.fedorbit("run", bare, "-q", "--data", data, "--weights", self.clip, "-o", self.folder / "run")
        self.assertEqual((code, errors), (0, ""))
        options = (self.folder / "run/config.toml").read_text()
        self.assertIn(f'path = "{data}"', options.replace("'", '"'))
        self.assertIn(f'weights = "{self.clip}"', options.replace("'", '"'))

    def test_the_version_is_the_build_that_results_name(self):
        run = self.folder / "run"
        code, errors = self.fedorbit("run", self.config, "-q", "-o", run, "--set", "training.rounds=1")
        self.assertEqual(code, 0, errors)
        said = subprocess.run([FEDORBIT, "--version"], capture_output=True, text=True, check=True).stdout
        with h5py.File(run / "results.h5") as file:
            version, commit = (file.attrs[f"program_{part}"].decode() for part in ("version", "commit"))
        self.assertEqual(said, f"{version} of commit {commit}\n")

    def test_a_study_and_a_configuration_that_change_places_are_told_where_they_belong(self):
        study = self.folder / "study.toml"
        study.write_text(f'base = "{self.config}"\n[settings]\nseed = [1, 2]\n')
        for command, file, sentence in (("run", study, "is a study: `fedorbit study"), ("study", self.config, "is for `fedorbit run`")):
            code, errors = self.fedorbit(command, file)
            self.assertEqual(code, 1)
            self.assertIn(sentence, errors)

    def test_an_argument_that_there_is_none_of_says_how_options_are_given(self):
        code, errors = self.fedorbit("run", self.config, "--rounds", "3")
        self.assertEqual(code, 1)
        self.assertRegex(errors, "no argument --rounds; options of a configuration are given as --set section.name=value")

    def test_a_strategy_that_changes_nothing_is_warned_of(self):
        for batch, idle in ((100, True), (4, False)):
            with self.subTest(batch=batch):
                run = self.folder / f"run{batch}"
                code, errors = self.fedorbit("run", self.config, "-q", "-o", run, "--set", "method.strategy=fedprox", "--set",
                                             f"training.batch_size={batch}", "--set", "training.rounds=2")
                self.assertEqual(code, 0, errors)
                self.assertEqual("this run is fedavg's" in errors, idle, errors)
                with h5py.File(run / "results.h5") as file:
                    self.assertEqual(list(file["events/kind"]), [b"warning"] if idle else [])
