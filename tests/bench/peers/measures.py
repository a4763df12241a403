"""What can be measured, by name: a sentence that says exactly what, and the function that does it.
A function takes (repetitions, threads) and returns seconds; all imports are late, so that a process loads what it uses."""
import statistics
import time


def timed(make):
    """Measures a step: built once, done once to warm up, then timed."""

    def measure(repetitions, threads):
        step, seconds, used = make(), [], []
        step()
        for _ in range(repetitions):
            began, cpu = time.perf_counter(), time.process_time()
            step()
            seconds.append(time.perf_counter() - began)
            used.append(time.process_time() - cpu)
        return {"each": seconds, "cpu_seconds": statistics.median(used)}

    return measure


def step_of(recipe, method, **options):
    """The step `method` of reference.py or careful.py; options name torch's dtypes as strings."""

    def make():
        import importlib

        import torch

        chosen = {name: getattr(torch, value) if name == "dtype" else value for name, value in options.items()}
        return getattr(importlib.import_module(recipe), method)(**chosen)

    return timed(make)


def product(dtype):
    def make():
        import torch

        a, b = (torch.randn(2048, 2048).to(getattr(torch, dtype)) for _ in range(2))
        out = torch.empty_like(a)
        return lambda: torch.mm(a, b, out=out)

    return timed(make)


def rounds(loop, kind, share=1):
    """Rounds of loop_NAME.py, the first left out as a warm-up; seconds divided by `share`. `moved` tells how far the
    global context went in all of them: loops that do the same work agree on it."""

    def measure(repetitions, threads):
        import importlib

        from models import first_context

        seconds, last = importlib.import_module("loop_" + loop).rounds(kind, repetitions + 1, threads)
        return {"each": [value / share for value in seconds[1:]], "moved": (last - first_context()).norm().item()}

    return measure


LOOPS = {"plain": "in a plain loop of one process",
         "pfl": "in pfl-research's simulation, one process",
         "flower": "in Flower's simulation on Ray, one actor of one thread per thread asked for"}
STEP = "of one client, 21 classes, h = 4, batch 32, ViT-B/32, loss, gradient and SGD"
LIVE = "224 px images through the image tower at every step, 77 tokens"
CACHED = "cached image features, tokens up to the longest class, tower by plain functions"
PROMPT, DUAL = "A PromptFL step", "A FedRSCLIP step (two contexts, alignment, Sinkhorn over 49 patches x 2 texts)"


def catalogue():
    """name -> (meaning, function)"""
    found = {}
    for dtype in ("float32", "bfloat16"):
        found[f"product.{dtype}"] = (f"One product of 2048 x 2048 matrices in {dtype}: 17.18 GFLOP.", product(dtype))
        for word, what, method in (("prompt", PROMPT, "prompt_step"), ("dual", DUAL, "dual_step")):
            for recipe, how in (("reference", LIVE), ("careful", CACHED)):
                found[f"{word}.{recipe}.{dtype}"] = (f"{what} {STEP}; {how}; towers in {dtype}.",
                                                     step_of(recipe, method, dtype=dtype))
    found["prompt.reference.autocast"] = (f"{PROMPT} {STEP}; {LIVE}; float32 towers under bfloat16 autocast.",
                                          step_of("reference", "prompt_step", autocast=True))
    for loop, where in LOOPS.items():
        for dtype in ("float32", "bfloat16"):
            found[f"round.{loop}.{dtype}"] = (
                f"A round of 40 clients x 2 PromptFL steps with the careful client code in {dtype}, {where}; start-up and "
                "the first round are left out; memory is the peak over all its processes.", rounds(loop, dtype))
        found[f"framework.{loop}"] = (
            f"The time per client and round of 40 clients x 2 steps whose loss is one dot product, {where}; start-up and "
            "the first round are left out.", rounds(loop, "trivial", share=40))
    return found
