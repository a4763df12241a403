"""The packed programs on this machine: how they are started, and what came of it."""
import importlib.util
import os
import pathlib
import subprocess
import time


# What Open MPI says when a rank has ended badly, beside the rank's own words.
OF_MPI = ("--", "ORTE", "MPI_ABORT", "with errorcode", "NOTE: invoking MPI_ABORT", "You may or may not see", "exactly when Open MPI",
          "Primary job", "a non-zero exit code")


class Failure(Exception):
    """A sentence about a command that did not do what it should."""


class Machine:
    def __init__(self, source, packed, place):
        self.source, self.packed, self.place = source, packed, place
        self.device = os.environ.get("FEDORBIT_DEVICE", "cuda")  # cpu: to try the parts where there is no GPU
        self.vocabulary = packed / "share/bpe_simple_vocab_16e6.txt.gz"
        torch = pathlib.Path(importlib.util.find_spec("torch").origin).parent
        libraries = [torch / "lib", *sorted((torch.parent / "nvidia").glob("*/lib")), packed / "lib"]
        self.environment = {
            **os.environ,
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "OPAL_PREFIX": str(packed / "usr"),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_plm": "isolated",  # no ssh to other nodes
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
            "PMIX_MCA_pcompress_base_silence_warning": "1",  # its words are not packed
            "OMP_NUM_THREADS": "1",
            "FEDORBIT_SOURCE": str(source),
            "XDG_CACHE_HOME": str(place / "cache"),
        }

    def program(self, name):
        return str(self.packed / "bin" / name)

    def mpirun(self, ranks):
        return [str(self.packed / "usr/bin/mpirun"), "-n", str(ranks)]

    def start(self, log, command, **environment):
        """The process, with its output in PLACE/LOG.log."""
        with open(self.place / f"{log}.log", "a") as out:
            print("$", *command, file=out, flush=True)
            return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    env={**self.environment, **environment}, cwd=self.place)

    def run(self, log, command, limit=120, fails=False, **environment):
        """(what it printed, seconds); with `fails`, of a command that must not end well."""
        command = [str(part) for part in command]
        before = self.size(log)
        begin = time.monotonic()
        try:
            process = self.start(log, command, **environment)
        except FileNotFoundError:
            raise Failure(f"{log}: there is no {command[0]} here") from None
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f"{log}: no end after {limit} s") from None
        seconds = time.monotonic() - begin
        said = self.text(log)[before:].split("\n", 1)[1]
        if (code != 0) != fails:
            words = [line for line in said.splitlines() if line.strip() and not line.startswith(OF_MPI)]
            last = words[-1:] or ["nothing"]
            raise Failure(f"{log}: exit code {code}; its last words: {last[0][:300]}")
        return said, seconds

    def text(self, log):
        path = self.place / f"{log}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def size(self, log):
        return len(self.text(log))

    def experiment(self, log, directory, config, options=(), ranks=0, **keywords):
        """A run of the program on the device; ranks = 0 is one process without mpirun."""
        command = self.mpirun(ranks) if ranks else []
        command += [self.program("fedorbit"), "run", self.source / config, "--restart", "-o", self.place / directory]
        for option in (f"machine.device={self.device}", f"name={directory}", *options):
            command += ["--set", option]
        return self.run(log, command, **keywords)
