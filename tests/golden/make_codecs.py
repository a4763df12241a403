"""Makes codecs.safetensors: messages of every codec to the byte and what they are read as, after codecs/README.md.

    python make_codecs.py        # needs numpy, torch, safetensors

Nothing here is taken from the program: the random numbers are Philox 4x32-10 as Salmon et al. 2011 define it, bfloat16 is
PyTorch's, factors are found by LAPACK.
"""
import pathlib

import numpy
import torch
from safetensors.numpy import save_file

SHAPES = [(6, 10), (19,), (9,)]  # of tests/algorithms/codec_test.cpp
MASK = 2**64 - 1
random = numpy.random.default_rng(8)
values = numpy.concatenate([random.normal(size=int(numpy.prod(shape))) * scale for shape, scale in zip(SHAPES, (1, 0.01, 30))])
values = values.astype(numpy.float32)
out = {"values": values}


def mixed(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def philox():
    """The 32-bit numbers of the message of weights that client 7 sends in round 3 of a run with seed 1."""
    fingerprint = 0xCBF29CE484222325
    for letter in b"weights up 3":
        fingerprint = ((fingerprint ^ letter) * 0x100000001B3) & MASK
    key, high, counter = mixed(1 ^ mixed(21)), mixed(mixed(fingerprint) + 7 & MASK), 0
    while True:
        c = [counter & 0xFFFFFFFF, counter >> 32, high & 0xFFFFFFFF, high >> 32]
        k = [key & 0xFFFFFFFF, key >> 32]
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
            k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
        yield from c
        counter += 1


def wide(numbers):
    return next(numbers) << 32 | next(numbers)


def put(name, written, read):
    out[f"{name}.bytes"] = numpy.frombuffer(bytes(written), numpy.uint8)
    out[f"{name}.read"] = numpy.asarray(read, numpy.float32)


def tensors():
    first = 0
    for shape in SHAPES:
        yield shape, values[first : first + int(numpy.prod(shape))]
        first += int(numpy.prod(shape))


def packed(levels, bits):
    number = sum(int(level) << bits * j for j, level in enumerate(levels))
    return number.to_bytes((len(levels) * bits + 7) // 8, "little")


def in_levels(name, bits, top, block, step_of, at_random):
    numbers, written, read = philox(), b"", []
    for _, tensor in tensors():
        for first in range(0, len(tensor), block or len(tensor)):
            piece = tensor[first : first + (block or len(tensor))]
            step = numpy.float32(step_of(piece.astype(numpy.float64)))
            scaled = piece * (numpy.float32(1) / step)
            if bits == 1:
                levels = (piece >= 0).astype(int)
                read.append(numpy.where(levels == 1, step, -step))
            else:
                if at_random:
                    draws = numpy.array([(next(numbers) >> 8) * 2.0**-24 for _ in piece], numpy.float32)
                    whole = numpy.floor(scaled + draws)
                else:
                    whole = numpy.rint(scaled)
                levels = numpy.clip(whole, -top, top).astype(int) + top
                read.append((levels - top).astype(numpy.float32) * step)
            written += step.tobytes() + packed(levels, bits)
    put(name, written, numpy.concatenate(read))


put("float32", values.tobytes(), values)
put("float16", values.astype(numpy.float16).tobytes(), values.astype(numpy.float16))
halves = torch.from_numpy(values).to(torch.bfloat16)
put("bfloat16", halves.view(torch.int16).numpy().tobytes(), halves.float().numpy())
in_levels("uniform 1", 1, 0, 0, lambda p: numpy.abs(p).mean(), False)
in_levels("uniform 3", 3, 3, 0, lambda p: numpy.abs(p).max() / 3, False)
in_levels("uniform 8 block", 8, 127, 7, lambda p: numpy.abs(p).max() / 127, False)
in_levels("uniform 4 stochastic", 4, 7, 0, lambda p: numpy.abs(p).max() / 7, True)
in_levels("qsgd", 4, 7, 128, lambda p: numpy.linalg.norm(p) / 7, True)
in_levels("qsgd 2 block", 3, 2, 8, lambda p: numpy.linalg.norm(p) / 2, True)

for name, count in (("top_k", 1), ("top_k 0.1", 9), ("top_k 0.5", 44)):
    places = numpy.sort(numpy.argsort(-numpy.abs(values), kind="stable")[:count])
    read = numpy.zeros_like(values)
    read[places] = values[places]
    listed, mapped = packed(places, 7), packed(numpy.isin(numpy.arange(len(values)), places), 1)
    put(name, (listed if len(listed) <= len(mapped) else mapped) + values[places].tobytes(), read)

for name, count, factor in (("random_k 0.1", 9, 1), ("random_k 0.75", 66, len(values) / 66)):
    numbers, chosen, length = philox(), set(), len(values)
    rarer = min(count, length - count)
    while len(chosen) < rarer:
        number = wide(numbers)
        if number * length & MASK >= 2**64 % length:
            chosen.add(number * length >> 64)
    places = sorted(chosen if count <= length - count else set(range(length)) - chosen)
    read = numpy.zeros_like(values)
    read[places] = values[places] * numpy.float32(factor)
    put(name, values[places].tobytes(), read)

for name, rank, iterations in (("power_sgd", 2, 2), ("power_sgd 1", 1, 1)):
    numbers, read, written = philox(), [], b""
    for shape, tensor in tensors():
        n, m = shape[0], int(numpy.prod(shape[1:]))
        if rank * (n + m) >= n * m:
            read.append(tensor)
            written += tensor.tobytes()
            continue
        uniforms = [(wide(numbers) >> 11) * 2.0**-53 for _ in range(2 * m * rank)]
        radius = numpy.sqrt(-2 * numpy.log1p(-numpy.array(uniforms[0::2])))
        q = (radius * numpy.cos(2 * numpy.pi * numpy.array(uniforms[1::2]))).reshape(m, rank)
        whole = tensor.reshape(n, m).astype(numpy.float64)
        for _ in range(iterations):
            p, triangle = numpy.linalg.qr(whole @ q)
            p = p * numpy.sign(numpy.diag(triangle))  # the signs of Gram and Schmidt
            q = whole.T @ p
        read.append((p @ q.T).ravel())
        written += p.astype(numpy.float32).tobytes() + q.astype(numpy.float32).tobytes()
    put(name, written, numpy.concatenate(read))

save_file(out, pathlib.Path(__file__).parent / "codecs.safetensors")
