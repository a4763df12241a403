"""Flips a bit of (every tenth time: cuts) one file of a killed run, resumes, and counts what becomes of it. By hand:
PYTHONPATH=. python tests/faults/flips.py PROGRAM CONFIG PLACE FILE FIRST LAST; PLACE: a folder to work in; FILE:
checkpoint.h5, results.h5.journal or results.h5.part; FIRST, LAST: numbers of trials, which say what is flipped."""

import collections
import json
import pathlib
import random
import shutil
import sys

from small_run import SmallRun

STUCK = 60  # seconds; what HDF5 sleeps over damage when nobody bounds it is hundreds


def changed(data, name, number):
    """(bytes with one change, what it is)"""
    draw = random.Random(f"{name}{number}")
    at = draw.randrange(len(data))
    if number % 10 == 9:
        return data[:at], f"cut to {at}"
    bit = draw.randrange(8)
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:], f"byte {at} bit {bit}"


def trials(run, name, numbers):
    """Yields (number, what was changed, outcome, details)."""
    start = run.stopped_with_two_checkpoints()
    data = (start / name).read_bytes()
    folder = run.place / f"changed-{name}-{numbers[0]}"
    for number in numbers:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(start, folder)
        bytes_now, what = changed(data, name, number)
        (folder / name).write_bytes(bytes_now)
        yield number, what, *run.outcome(folder, seconds=STUCK)


if __name__ == "__main__":
    program, config, place, name, first, last = sys.argv[1:]
    counts = collections.Counter()
    for trial in trials(SmallRun(program, config, pathlib.Path(place)), name, range(int(first), int(last))):
        counts[trial[2]] += 1
        print(json.dumps(trial), flush=True)
    print(dict(counts))
