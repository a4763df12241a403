"""Runs of learners that train on images, as their tests start them: on several numbers of ranks, and killed."""

import os
import signal

from program import ranks_of
from refusal import RefusalTest


class FederationTest(RefusalTest):
    OPTIONS = ()  # of every run

    def words(self, *assignments):
        return [word for option in (*self.OPTIONS, *assignments) for word in ("--set", option)]

    def federate(self, directory, *assignments, ranks=1):
        code, errors = self.fedorbit("run", self.config, "-q", "-o", self.folder / directory, *self.words(*assignments),
                                     ranks=ranks)
        self.assertEqual((code, errors), (0, ""))
        return self.folder / directory

    def assert_alike_on(self, ranks, name, *assignments):
        one, *others = (self.federate(f"{name}{number}", *assignments, ranks=number) for number in ranks)
        for other in others:
            self.assert_same(one, other)

    def assert_alike_after_a_kill(self, name, *assignments):
        """A run on two ranks, all of which are killed after a checkpoint, ends on three as a whole one on one does."""
        whole, killed = self.federate(f"{name}-whole", *assignments), self.folder / f"{name}-killed"
        launcher = self.start("run", self.config, "-q", "-o", killed, *self.words(*assignments), ranks=2)
        self.wait_for(killed / "checkpoint.h5", launcher)
        for process in ranks_of(launcher):
            os.kill(process, signal.SIGKILL)
        self.assertNotEqual(self.finish(launcher)[0], 0)
        self.assertFalse((killed / "results.h5").exists(), "it was not caught in the middle")
        self.federate(killed.name, *assignments, ranks=3)
        self.assert_same(whole, killed)
