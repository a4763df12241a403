"""Kills runs for real, one rank or the launcher, at any moment and up to three times each, on changing numbers of ranks,
lets them end, and compares them with an undisturbed run. By hand:
PYTHONPATH=. python tests/faults/kills.py PROGRAM CONFIG PLACE MPIEXEC FIRST LAST."""

import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from analysis.compare import differences
from small_run import SmallRun

LEARNERS = {"dual_prompt": [], "prompt": ["method.learner=prompt", "prompt.context=1"]}
OPTIONS = ["training.rounds=12", "checkpoint.every=2", "evaluation.every=3", "partition.clients=8",
           "synthetic.per_class=2", "partition.kind=even", "training.group_size=2"]
GONE = 60  # seconds after a kill by which the others must be gone


def ranks_of(launcher, program):
    found = subprocess.run(["pgrep", "-P", str(launcher), "-f", str(program)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def killed_run(run, mpiexec, folder, draw, seconds):
    """What was done to it, in words; the run has ended by itself then. `seconds`: what an undisturbed one takes."""
    story = []
    while True:
        ranks = draw.choice((1, 2, 3))
        start = [] if ranks == 1 else [mpiexec, "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
        process = subprocess.Popen([*start, *map(str, run.command(folder))], env=run.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        if len(story) == 3:
            errors = process.communicate(timeout=300)[1]
            story.append(f"whole on {ranks}")
            return story, process.returncode, errors
        time.sleep(draw.uniform(0.1, 1.2) * seconds)
        victims = ranks_of(process.pid, run.program) or [process.pid]
        victim = draw.choice([*victims, process.pid])
        if process.poll() is None:
            os.kill(victim, signal.SIGKILL)
            saved = "after a checkpoint" if (folder / "checkpoint.h5").exists() else "before any"
            story.append(f"{'launcher' if victim == process.pid and ranks > 1 else 'rank'} of {ranks}, {saved}")
        errors = process.communicate(timeout=GONE)[1]
        deadline = time.monotonic() + GONE
        while any(pathlib.Path(f"/proc/{pid}").exists() for pid in victims) and time.monotonic() < deadline:
            time.sleep(0.1)  # ranks whose launcher is gone
        if process.returncode == 0:
            return story, 0, errors


def trials(program, config, place, mpiexec, numbers):
    """Yields (number, learner, what was done, outcome, details). Every run computes its features itself."""
    seconds = {}
    for number in numbers:
        draw = random.Random(number)
        name = draw.choice(sorted(LEARNERS))
        run = SmallRun(program, config, place / name, OPTIONS + LEARNERS[name])
        if name not in seconds:
            begin = time.monotonic()
            run.run(run.place / "timed", "--restart", seconds=300)
            seconds[name] = time.monotonic() - begin
        whole = run.whole()
        folder = run.place / f"killed-{numbers[0]}"
        shutil.rmtree(folder, ignore_errors=True)
        run.environment = {**run.environment, "XDG_CACHE_HOME": str(run.place / f"cache-{number}"),
                           "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                           "OMPI_MCA_mpi_yield_when_idle": "1"}
        story, code, words = killed_run(run, mpiexec, folder, draw, seconds[name])
        lines = differences(whole, folder)[0] if code == 0 else [f"exit code {code}: {words[-300:]}"]
        shutil.rmtree(run.environment["XDG_CACHE_HOME"], ignore_errors=True)
        yield number, name, story, "same" if not lines else "other", "; ".join(lines)


if __name__ == "__main__":
    program, config, place, mpiexec, first, last = sys.argv[1:]
    counts, kills = collections.Counter(), collections.Counter()
    for trial in trials(program, config, pathlib.Path(place), mpiexec, range(int(first), int(last))):
        counts[trial[3]] += 1
        kills.update(trial[2])
        print(json.dumps(trial), flush=True)
    print(dict(counts), dict(kills))
