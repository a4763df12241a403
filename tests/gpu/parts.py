"""The parts of tests/gpu/run, each a function that takes the machine and returns rows (what, what was found)."""
import json
import re
import subprocess
import time

import h5py
import numpy

from analysis.compare import differences
from machine import Failure

# 21 classes; 40 clients then have 63 images each, two steps of 32.
SCENES = ["--synthetic", "--per-class", "150", "--size", "256"]
SMALL = ["synthetic.per_class=8", "training.rounds=5", "evaluation.linear_probe=false"]


def versions(machine):
    said, _ = machine.run("machine", ["nvidia-smi"])
    gpu, _ = machine.run("machine", ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
    program, _ = machine.run("machine", [machine.program("fedorbit"), "--version"])
    mpi, _ = machine.run("machine", [*machine.mpirun(2), "true"])
    return [("card, memory, driver", gpu.strip()), ("program", program.strip()),
            ("built from", (machine.packed / "built_from").read_text().strip()),
            ("mpirun -n 2", "starts" if not mpi.strip() else mpi.strip()[:80])]


def tests(machine):
    """What skips without a GPU."""
    rows = []
    for program, chosen in (("test_algorithms", "*OnAGpu*"), ("test_federation", "Group.*"), ("test_comm", "*ccl*")):
        report = machine.place / f"{program}.json"
        report.unlink(missing_ok=True)
        try:
            machine.run("tests", [*machine.mpirun(1), machine.program(program), f"--gtest_filter={chosen}",
                                  f"--gtest_output=json:{report}"], limit=100)
        except Failure as cause:
            if not report.exists():
                rows.append(("FAILED", str(cause)))
                continue
        suites = json.loads(report.read_text())["testsuites"]
        for suite in suites:
            for test in suite["testsuite"]:
                name = f"{suite['name']}.{test['name']}"
                if "failures" in test:
                    rows.append(("FAILED", f"{name}: {test['failures'][0]['failure'].splitlines()[-1]}"))
                elif "largest_relative_difference" in test:
                    rows.append((name[:52], f"largest relative difference {test['largest_relative_difference']}"))
        every = [test for suite in suites for test in suite["testsuite"]]
        skipped = sum(test["result"] == "SKIPPED" for test in every)
        bad = sum("failures" in test for test in every)
        rows.append((program, f"{len(every) - bad - skipped} passed, {bad} failed, {skipped} skipped"))
    return rows


def alike(machine, one, other):
    lines, count = differences(machine.place / one, machine.place / other)
    lines = [line for line in lines if line.startswith("/")]
    return f"same bits, {count} datasets" if not lines else f"{len(lines)} of {count} datasets differ: {lines[0]}"


def distance(machine, one, other):
    """How far the final shared tensors are apart, relative to their length."""
    with h5py.File(machine.place / one / "results.h5") as a, h5py.File(machine.place / other / "results.h5") as b:
        names = sorted(a["state"])
        x, y = (numpy.concatenate([numpy.ravel(file["state"][name][()]) for name in names]) for file in (a, b))
    return f"what is shared differs at last by {numpy.linalg.norm(x - y) / numpy.linalg.norm(x):.1e} of its length"


def sameness(machine):
    rows = []

    def run(name, *options, ranks=0):
        try:
            machine.experiment("sameness", name, "configs/demo.toml", [*SMALL, *options], ranks)
        except Failure as cause:
            rows.append(("FAILED", f"{name}: {cause}"))

    def compare(what, one, other, far=False):
        """Expects the same bits; with `far`, says how far apart what was learned is."""
        if not all((machine.place / name / "results.h5").exists() for name in (one, other)):
            return
        said = distance(machine, one, other) if far else alike(machine, one, other)
        rows.append((what, said) if far or said.startswith("same") else ("FAILED", f"{what}: {said}"))

    for learner in ("dual_prompt", "prompt"):
        own = f"method.learner={learner}"
        run(f"{learner}-1", own)
        run(f"{learner}-2", own)
        compare(f"{learner}: twice", f"{learner}-1", f"{learner}-2")
        run(f"{learner}-launched", own, "machine.graph=false")
        compare(f"{learner}: recorded and launched steps", f"{learner}-1", f"{learner}-launched")
    # With the options of tests/jobs/network_test.py, and views as self-supervised learners see them.
    images = ["partition.clients=4", "training.batch_size=8", "images.flip=true", "images.smallest_crop=0.5"]
    for learner, own in (("fedclip", []), ("network", ["network.architecture=resnet18"]), ("simsiam", []),
                         ("mae", ["mae.architecture=vit_tiny_patch16", "mae.depth=2"])):
        own = [f"method.learner={learner}", *own]
        if learner != "fedclip":
            own += [*images, f"{learner}.image_size=32", f"{learner}.width={48 if learner == 'mae' else 8}"]
        run(f"{learner}-1", *own)
        run(f"{learner}-2", *own)
        compare(f"{learner}: twice", f"{learner}-1", f"{learner}-2")
        run(f"{learner}-cpu", *own, "machine.device=cpu")
        compare(f"{learner}: the GPU, and a CPU", f"{learner}-1", f"{learner}-cpu", far=True)
    for ranks in (1, 2):
        run(f"mpi-{ranks}", "machine.backend=mpi", ranks=ranks)
        compare(f"one process, and mpi on {ranks}", "dual_prompt-1", f"mpi-{ranks}")
    run("nccl-1", "machine.backend=nccl", ranks=1)
    compare("one process, and nccl on 1 (several GPUs: untried)", "dual_prompt-1", "nccl-1")
    for group in (5, 10, 40):
        run(f"group-{group}", f"training.group_size={group}")
        compare(f"groups of 20, and of {group}", "dual_prompt-1", f"group-{group}", far=True)
    run("cpu", "machine.device=cpu", "training.group_size=20")
    compare("the GPU, and a CPU", "dual_prompt-1", "cpu", far=True)
    return rows


def weights(machine, patch):
    file = machine.place / f"vit-b-{patch}.safetensors"
    if not file.exists():
        machine.run("weights", ["python3", machine.source / "tests/gpu/weights.py", file, patch])
    return [f"model.weights={file}", f"model.vocabulary={machine.vocabulary}", "model.activation=quick_gelu"]


def data(machine):
    file = machine.place / "scenes.h5"
    if not file.exists():
        machine.run("data", [machine.program("fedorbit"), "prepare", *SCENES, "-o", file])
    return file


def encoded(machine, patch, precision):
    """A feature file, and the seconds that making it took."""
    out = machine.place / f"features-{patch}-{precision}.h5"
    out.unlink(missing_ok=True)
    command = [machine.program("fedorbit"), "encode", "--data", data(machine), "--patches", "--precision", precision, "-o",
               out, f"--set=machine.device={machine.device}", *(f"--set={option}" for option in weights(machine, patch))]
    return out, machine.run("encode", command)[1]


def encode(machine):
    data(machine)
    rows = []
    for patch in (32, 16):
        for precision in ("float32", "bfloat16"):
            _, seconds = encoded(machine, patch, precision)
            rows.append((f"encoding, ViT-B/{patch}, {precision}, start included",
                         f"{3150 / seconds:.0f} images/s ({seconds:.1f} s)"))
    return rows


def seconds_of(machine, directory):
    with h5py.File(machine.place / directory / "results.h5") as file:
        phases = file["phases"]
        exams = (phases["rank"][()] == 0) & (phases["round"][()] >= 0) & (phases["phase"].asstr()[()] == "evaluation")
        return float(file["rounds/total_seconds"][()].sum() - phases["seconds"][()][exams].sum())


def timed(machine, learner, precision, options, rounds, patches=0, config="configs/fedrsclip.toml"):
    """40 clients and rounds of two steps each, beside a PyTorch loop that is scaled from two rounds."""
    said, _ = machine.run("reference", ["python3", machine.source / "tests/gpu/reference.py", learner, precision, patches, 2])
    loop = rounds * float(said.split()[0])
    name = f"{learner}-{precision}"
    _, whole = machine.experiment(
        "runs", name, config,
        [f"method.learner={learner}", *options, f"data.path={data(machine)}", "partition.kind=even",
         "partition.clients=40", f"training.rounds={rounds}", "evaluation.every=1000", "evaluation.linear_probe=false",
         "checkpoint.every=1000", "views.count=0"])
    mine = seconds_of(machine, name)
    return (f"{learner}, {precision}, {rounds} rounds",
            f"{mine:.2f} s (command {whole:.1f} s); loop {loop:.0f} s, scaled from 2 rounds: {loop / mine:.0f} times")


def runs(machine):
    """Prompts (ViT-B/16) in groups of 40, an adapter, and a whole ResNet-18 at 64 pixels."""
    kept, _ = encoded(machine, 16, "float32")
    features = [f"data.features={kept}", *weights(machine, 16)]
    rows = []
    for precision in ("float32", "bfloat16"):
        for learner, patches in (("prompt", 0), ("dual_prompt", 196)):
            own = [f"engine.precision={precision}", "training.group_size=40", "prompt.context=4"]
            rows.append(timed(machine, learner, precision, [*features, *own], 100, patches))
    rows.append(timed(machine, "fedclip", "float32", features, 100, config="configs/fedclip.toml"))
    for precision in ("float32", "bfloat16"):
        own = [f"network.precision={precision}", "machine.readers=12"]
        rows.append(timed(machine, "network", precision, own, 5, config="configs/fedavg-resnet18.toml"))
    return rows


def groups(machine):
    bench = machine.program("bench_device")
    said, _ = machine.run("groups", [bench, machine.vocabulary, "groups"], limit=150)
    rows, kind = [], ""
    for line in said.splitlines():
        if match := re.match(r"(\w+): product", line):
            kind = match[1]
            rows.append((kind, line.split(": ", 1)[1]))
        elif match := re.match(r"\s+(.*?)\s+(\d+) at once\s+(.*)", line):
            rows.append((f"{kind} {match[1]}, {match[2]} at once", match[3]))
    return rows


def replay(machine):
    said, _ = machine.run("replay", [machine.program("bench_device"), machine.vocabulary, "replay"], limit=90)
    return [tuple(line.split(": ", 1)) for line in said.splitlines() if "times as fast" in line]


def used_memory(process):
    """(MiB on the GPU, of all; MiB of the process)"""
    gpu = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"], capture_output=True,
                         text=True, check=True).stdout
    with open(f"/proc/{process.pid}/status") as status:
        resident = next(line for line in status if line.startswith("VmRSS"))
    return int(gpu), int(resident.split()[1]) // 1024


def memory(machine):
    """A thousand rounds: what is used when a quarter is done, and at the end."""
    options = [*SMALL, "training.rounds=1000", "evaluation.every=100", "checkpoint.every=100", f"machine.device={machine.device}"]
    command = [machine.program("fedorbit"), "run", str(machine.source / "configs/demo.toml"), "--restart", "-o",
               str(machine.place / "thousand"), *(f"--set={option}" for option in options)]
    process = machine.start("memory", command)
    samples, begin = [], time.monotonic()
    while process.poll() is None and time.monotonic() - begin < 90:
        time.sleep(0.5)
        try:
            samples.append(used_memory(process))
        except (OSError, StopIteration, IndexError):
            break  # it has just ended
    if process.wait(20) != 0:
        raise Failure(f"memory: exit code {process.returncode}; {machine.text('memory').splitlines()[-1][:200]}")
    if len(samples) < 8:
        raise Failure(f"memory: only {len(samples)} looks at {time.monotonic() - begin:.0f} s of a run")
    early, late = samples[len(samples) // 4], samples[-2]
    return [("GPU, MiB, at a quarter and at the end", f"{early[0]} and {late[0]}"),
            ("process, MiB, likewise", f"{early[1]} and {late[1]}"),
            ("1,000 rounds", f"{time.monotonic() - begin:.0f} s")]


def large(machine):
    """More clients at once than fit, and then as many as the sentence says."""
    many = [*weights(machine, 32), "synthetic.per_class=50", "partition.kind=sampled", "training.rounds=1",
            "evaluation.clients=0", "evaluation.linear_probe=false", "training.batch_size=32"]
    rows = []
    for learner in ("prompt", "dual_prompt"):
        own = [*many, f"method.learner={learner}"]
        said, _ = machine.experiment("large", f"large-{learner}", "configs/fedrsclip.toml",
                                     [*own, "partition.clients=1000000", "training.group_size=1000000"], fails=True)
        match = re.search(r"at most ([\d.e+]+) clients? fits?", said)
        if not match:
            raise Failure(f"large: the refusal names no number: {said.splitlines()[-1][:200]}")
        fits = int(float(match[1]))
        rows.append((f"{learner}: what a million at once are told", said.strip().splitlines()[-1][-150:]))
        _, seconds = machine.experiment("large", f"largest-{learner}", "configs/fedrsclip.toml",
                                        [*own, f"partition.clients={fits}", f"training.group_size={fits}"])
        rows.append((f"{learner}: {fits} at once", f"train, {seconds:.0f} s"))
    return rows


def refusals(machine):
    rows = []
    for what, ranks, options, environment in (
            ("two ranks under nccl", 2, ["machine.backend=nccl"], {}),
            ("no visible GPU", 1, ["machine.device=cuda"], {"CUDA_VISIBLE_DEVICES": ""})):
        said, _ = machine.experiment("refusals", "refused", "configs/demo.toml", options, ranks, fails=True, **environment)
        sentence = next((line for line in said.splitlines() if "GPU" in line), None)
        rows.append((what, sentence[:150]) if sentence else ("FAILED", f"{what}: {said[:200]}"))
    return rows


def profile(machine):
    trace = machine.place / "profile.json"
    machine.run("profile", [machine.program("bench_device"), machine.vocabulary, "profile", trace])
    # 40 clients, 10 at once, two steps each.
    said, _ = machine.run("profile", ["python3", machine.source / "tests/gpu/trace.py", trace, 8])
    lines = said.strip().splitlines()
    return [("a round, bfloat16, dual_prompt, ViT-B/16", lines[0]), *(("", line.strip()) for line in lines[1:])]


ALL = {part.__name__: part
       for part in (versions, tests, sameness, encode, runs, groups, replay, profile, refusals, large, memory)}
