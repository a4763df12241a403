"""One measure in a process of its own: measure.py NAME REPETITIONS THREADS FILE; writes what it found as JSON."""
import json
import pathlib
import sys

import torch

from measures import catalogue

if __name__ == "__main__":
    name, repetitions, threads, place = sys.argv[1:]
    torch.set_num_threads(int(threads))
    found = catalogue()[name][1](int(repetitions), int(threads))
    pathlib.Path(place).write_text(json.dumps(found))
