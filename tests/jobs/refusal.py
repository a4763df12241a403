"""What every refusal is: one sentence from one rank, a non-zero exit soon, and nothing half-written under a final name."""

import re
import subprocess

from program import FEDORBIT, ProgramTest

SECONDS = 10  # what is promised: every rank has ended by then


def said(errors):
    """The program's own lines: without what mpirun frames in dashes or its daemon logs, and the log's warnings."""
    outside = re.sub(r"^-{20,}\n.*?^-{20,}\n", "", errors, flags=re.MULTILINE | re.DOTALL)
    return [line for line in outside.splitlines()
            if line.strip() and not line.startswith("warning: ") and "ORTE_ERROR_LOG" not in line]


class RefusalTest(ProgramTest):
    # What a run may leave: its options, its log, and what it needs to go on.
    LEFT = {"config.toml", "split.csv", "log.txt", "lock", "results.h5.part", "results.h5.journal", "checkpoint.h5",
            "checkpoint.previous.h5"}

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
