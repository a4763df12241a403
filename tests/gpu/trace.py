"""What a GPU did in a round, from the file that `bench_device profile` writes: the ten kernels that take most time,
launches a step, and how long the GPU stood still between its first and its last kernel.

    trace.py FILE.json STEPS"""
import collections
import json
import re
import sys

GPU = {"kernel", "gpu_memcpy", "gpu_memset"}


def short(name):
    """A kernel's name without its template's arguments, which are hundreds of letters."""
    name = re.sub(r"^void |\(anonymous namespace\)::", "", name)
    functor = re.search(r"(\w+(?:Functor|_functor|Op|Ops|kernel_cuda|_kernel_impl|lambda)\w*)", name[name.find("<") :])
    head = name.split("<")[0].split("(")[0]
    return (head.split("::")[-1] + (f" {functor[1]}" if functor and "<" in name else ""))[:70]


def main(file, steps):
    with open(file) as text:
        events = [e for e in json.load(text)["traceEvents"] if e.get("cat") in GPU and "dur" in e]
    if not events:
        sys.exit(f"{file} holds no kernel.")
    events.sort(key=lambda e: e["ts"])
    busy, idle, end = 0.0, 0.0, events[0]["ts"]
    for event in events:
        idle += max(0.0, event["ts"] - end)
        busy += max(0.0, event["ts"] + event["dur"] - max(end, event["ts"]))
        end = max(end, event["ts"] + event["dur"])
    by_name = collections.defaultdict(lambda: [0, 0.0])
    for event in events:
        entry = by_name[short(event["name"])]
        entry[0] += 1
        entry[1] += event["dur"]
    total = sum(e["dur"] for e in events)
    print(f"{len(events)} launches, {len(events) / steps:.0f} a step of a group; busy {busy / 1e3:.2f} ms, "
          f"still {idle / 1e3:.2f} ms ({100 * idle / (busy + idle):.0f} %) between its first and its last kernel")
    for name, (count, microseconds) in sorted(by_name.items(), key=lambda item: -item[1][1])[:10]:
        print(f"  {100 * microseconds / total:5.1f} %  {microseconds / 1e3:8.3f} ms  {count:6d} times  "
              f"{microseconds / count:7.2f} us each  {name}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
