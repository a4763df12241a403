"""Starting the program under test as its users do, alone or under mpirun, and finding its processes."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from analysis.compare import differences

FEDORBIT, MAKE_CLIP, MPIEXEC = (os.environ[name] for name in ("FEDORBIT", "MAKE_CLIP", "MPIEXEC"))
RANKS = ["--quiet", "--oversubscribe", "--bind-to", "none"]

EXPERIMENT = """
[synthetic]
classes = "forest,river,harbor,runway,farmland,parking lot"
per_class = 12
size = 32
[partition]
clients = 10
[training]
rounds = 6
batch_size = 4
group_size = 2
[evaluation]
every = 2
[checkpoint]
every = 2
[optimiser]
learning_rate = 0.05
"""


def command(*arguments, ranks=1):
    """The command line of `fedorbit ARGUMENTS` on so many ranks."""
    start = [] if ranks == 1 else [MPIEXEC, *RANKS, "-n", str(ranks)]
    return [*start, FEDORBIT, *map(str, arguments)]


def ranks_of(launcher):
    """The processes of the program that the launcher has started: none before they exist or after they ended."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            name = (status.parent / "cmdline").read_bytes().split(b"\0")[0].decode()
        except (OSError, IndexError):
            continue  # it has just ended
        if parent == launcher.pid and name == FEDORBIT:
            found.append(int(status.parent.name))
    return found


class ProgramTest(unittest.TestCase):
    """A folder of its own for each test, with a CLIP of random weights and an experiment on synthetic scenes."""

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="fedorbit-jobs-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.clip = cls.shared / "clip.safetensors"
        subprocess.run([MAKE_CLIP, cls.clip], check=True)
        cls.config = cls.shared / "experiment.toml"
        cls.config.write_text(EXPERIMENT + f'[model]\nweights = "{cls.clip}"\n')

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="test-", dir=self.shared))

    def assert_same(self, one, other):
        """That two run directories hold the same numbers."""
        lines, compared = differences(one, other)
        self.assertEqual(lines, [], f"{one.name} and {other.name}")
        self.assertGreater(compared, 30)

    @classmethod
    def environment(cls, store=None):
        """Features are kept in the folder `store` of the tests: not in the user's cache."""
        return {**os.environ, "XDG_CACHE_HOME": str(cls.shared / (store or "cache"))}

    def start(self, *arguments, ranks=1, store=None, **options):
        launcher = subprocess.Popen(command(*arguments, ranks=ranks), cwd=self.folder, env=self.environment(store),
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(self.end, launcher)
        return launcher

    def end(self, launcher):
        if launcher.poll() is None:
            for process in [*ranks_of(launcher), launcher.pid]:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        launcher.communicate()

    def finish(self, launcher, seconds=60):
        """(exit code, standard error) of a program that must end within so many seconds."""
        try:
            _, errors = launcher.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.fail(f"still running after {seconds} s: {' '.join(map(str, launcher.args))}")
        return launcher.returncode, errors

    def fedorbit(self, *arguments, **options):
        return self.finish(self.start(*arguments, **options))

    def wait_for(self, path, launcher, seconds=60):
        """Until the file is there; a program that ends before is an error."""
        deadline = time.monotonic() + seconds
        while not path.exists():
            if launcher.poll() is not None:
                self.fail(f"ended before {path.name} was there: {launcher.communicate()[1]}")
            self.assertLess(time.monotonic(), deadline, f"{path} did not appear")
            time.sleep(0.01)
