"""A run that is over in a second, and the question whether a folder that something happened to still leads to its end."""

import os
import shutil
import signal
import subprocess

from analysis.compare import differences

OPTIONS = ["training.rounds=9", "checkpoint.every=2", "evaluation.every=2", "partition.clients=8",
           "synthetic.per_class=2", "dual_prompt.context=2", "partition.kind=even", "evaluation.linear_probe=false"]


def command(program, config, folder, *more, options=OPTIONS):
    return [program, "run", config, "-q", "-o", folder, *(word for option in options for word in ("--set", option)), *more]


class SmallRun:
    """Runs of one configuration; `place` is a folder to work in."""

    def __init__(self, program, config, place, options=OPTIONS):
        self.program, self.config, self.place, self.options = program, config, place, options
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(place / "cache")}
        place.mkdir(parents=True, exist_ok=True)

    def command(self, folder, *more):
        return command(self.program, self.config, folder, *more, options=self.options)

    def run(self, folder, *more, seconds=60):
        """(exit code, last line of what it said); more than `seconds` raises TimeoutExpired."""
        done = subprocess.run(self.command(folder, *more), env=self.environment, capture_output=True, text=True,
                              timeout=seconds)
        return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]

    def whole(self):
        """The folder of an undisturbed run."""
        folder = self.place / "whole"
        if not (folder / "results.h5").exists():
            code, words = self.run(folder)
            assert code == 0, words
        return folder

    def stopped_with_two_checkpoints(self):
        """The folder of a run that was killed after its second checkpoint, in the middle of what follows."""
        folder = self.place / "stopped"
        if folder.exists():
            return folder
        trial = self.place / "trial"
        generations = ("checkpoint.h5", "checkpoint.previous.h5")
        for _ in range(100):
            shutil.rmtree(trial, ignore_errors=True)
            process = subprocess.Popen(self.command(trial), env=self.environment, stderr=subprocess.DEVNULL)
            while process.poll() is None and not all((trial / name).exists() for name in generations):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            if all((trial / name).exists() for name in generations) and not (trial / "results.h5").exists():
                return trial.rename(folder)
        raise AssertionError("no run could be caught after its second checkpoint")

    def outcome(self, folder, seconds=60):
        """(what becomes of the folder, details): "same", "other numbers", "refused, and --restart leads to the same",
        "no way on", "crashed" or "stuck"."""
        try:
            code, words = self.run(folder, seconds=seconds)
            if code == 1:
                again, more = self.run(folder, "--restart", seconds=seconds)
                if again != 0 or differences(self.whole(), folder)[0]:
                    return "no way on", f"{words}; {more}"
                return "refused, and --restart leads to the same", words
            if code != 0:
                return f"crashed ({code})", words
            lines, _ = differences(self.whole(), folder)
            return ("other numbers", "; ".join(lines)) if lines else ("same", words)
        except subprocess.TimeoutExpired:
            return "stuck", ""
