"""Memory of a process and all that it started, read from /proc while it runs."""
import pathlib
import re
import subprocess
import time

GIB = 2 ** 30


def family(root):
    """Process numbers of root and its descendants."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it has ended
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def bytes_of(process):
    """(resident, proportional) bytes; pages that processes share count once in the sum of the second."""
    try:
        text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0, 0
    read = lambda key: int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024
    return (read("Rss"), read("Pss")) if "Pss:" in text else (0, 0)


def watch(command, environment, log, every=1.0):
    """Runs the command; (status, peak of resident GiB summed over processes, the same of proportional GiB)."""
    child = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    peaks, due = [0, 0], time.monotonic()
    try:
        while child.poll() is None:
            if time.monotonic() >= due:
                sums = [sum(values) for values in zip(*map(bytes_of, family(child.pid)))]
                peaks = [max(pair) for pair in zip(peaks, sums)]
                due = time.monotonic() + every
            time.sleep(0.05)
    finally:
        child.terminate()
    return child.returncode, peaks[0] / GIB, peaks[1] / GIB
