"""Records every call by which a run changes its folder, rebuilds the folder as it was after each, and with each write torn,
goes on from there, and counts what becomes of it. By hand:
PYTHONPATH=. python tests/faults/sweep.py PROGRAM CONFIG PLACE fresh|resumed [EVERY [STRIDE [FIRST]]]; EVERY: of the
writes into results.h5.part and log.txt, on which nothing stands, every so-manieth is tried; STRIDE: of the other calls,
from the FIRST on (default: all)."""

import collections
import filecmp
import json
import pathlib
import shutil
import sys

from small_run import SmallRun
from traced_run import calls_of, states

OPTIONS = ["training.rounds=8", "checkpoint.every=2", "evaluation.every=100", "synthetic.per_class=2",
           "method.learner=prompt", "prompt.context=1", "partition.kind=even", "evaluation.linear_probe=false"]
VIEWS = ("results.h5.part", "results.h5.part.copy", "log.txt")


def trials(run, kind, every=1, stride=1, first=0):
    """Yields (number of the call, what was last done, outcome, details) for a fresh run or one that is itself resumed."""
    traced = run.place / f"traced-{kind}"
    shutil.rmtree(traced, ignore_errors=True)
    run.whole()  # features are in the store from here on
    start = run.stopped_with_two_checkpoints() if kind == "resumed" else None
    if start:
        shutil.copytree(start, traced)
    calls = calls_of(run.command(traced), traced, run.place / f"trace-{kind}", env=run.environment)
    rebuilt = run.place / f"rebuilt-{kind}"
    for number, what, folder in states(calls, rebuilt, run.place / f"torn-{kind}", start):
        view = calls[number].file in VIEWS and calls[number].writes
        if number % every if view else (number - first) % stride:
            continue
        yield number, what, *run.outcome(folder())
    # Had a call been missed, the folder would not be the one that the run left.
    for name in ("results.h5", "checkpoint.h5", "config.toml", "model.safetensors"):
        assert filecmp.cmp(rebuilt / name, traced / name, shallow=False), name


if __name__ == "__main__":
    program, config, place, kind, *more = sys.argv[1:]
    counts = collections.Counter()
    for trial in trials(SmallRun(program, config, pathlib.Path(place), OPTIONS), kind, *map(int, more)):
        counts[trial[2]] += 1
        print(json.dumps(trial), flush=True)
    print(dict(counts))
