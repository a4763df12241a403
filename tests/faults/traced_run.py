"""What a program did to the files of one folder, call by call, and the folder as it was after any number of the calls."""

import os
import re
import shutil
import subprocess

CALLS = "openat,write,pwrite64,ftruncate,rename,unlink,unlinkat,fsync,fdatasync"
LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+= (-?\d+)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def words(hexadecimal):
    return bytes.fromhex(hexadecimal.replace("\\x", ""))


class Call:
    """One call: name, the file it is about (in the folder), and what it writes where."""

    def __init__(self, name, file, data=b"", offset=None, other=None, empties=False):
        self.name, self.file, self.data, self.offset, self.other, self.empties = name, file, data, offset, other, empties

    def __str__(self):
        return f"{self.name} {self.file}" + (f" to {self.other}" if self.other else f" {len(self.data)} bytes")

    @property
    def writes(self):
        return bool(self.data)

    def done_in(self, folder, share=1.0):
        """Does the same in another folder; of a write, that share of its bytes."""
        place = folder / self.file
        if self.name == "openat":
            with open(place, "wb" if self.empties or not place.exists() else "ab"):
                pass
        elif self.name in ("write", "pwrite64"):
            with open(place, "r+b") as file:
                file.seek(*((0, os.SEEK_END) if self.offset is None else (self.offset,)))
                file.write(self.data[:int(len(self.data) * share)])
        elif self.name == "ftruncate":
            os.truncate(place, self.offset)
        elif self.name == "rename":
            os.replace(place, folder / self.other)
        elif self.name in ("unlink", "unlinkat"):
            place.unlink()


def calls_of(command, folder, trace, **options):
    """Runs the command under strace and returns its calls on files of the folder. Writes without an offset append: the
    program writes no file from its begin again without emptying it."""
    tool = ["strace", "-f", "-y", "-xx", "-s", str(1 << 26), "-e", f"trace={CALLS}", "-o", str(trace)]
    subprocess.run([*tool, *command], check=True, **options)
    calls = []
    with open(trace) as lines:
        for line in lines:
            found = LINE.match(line)
            if not found or int(found[3]) < 0:
                continue
            name, arguments = found[1], found[2]
            texts = [words(text) for text in TEXT.findall(arguments)]
            held = re.match(r"\d+<([^>]*)>", arguments)
            path = words(held[1]) if held and "\\x" in held[1] else held[1].encode() if held else None
            if name in ("openat", "rename", "unlink", "unlinkat"):
                path = texts[0]
            if path is None or os.path.dirname(os.path.realpath(os.fsdecode(path))) != os.path.realpath(folder):
                continue
            file = os.path.basename(os.fsdecode(path))
            if name == "openat":
                if "O_CREAT" in arguments:
                    calls.append(Call(name, file, empties="O_TRUNC" in arguments))
            elif name == "write":
                calls.append(Call(name, file, texts[0][:int(found[3])]))
            elif name == "pwrite64":
                calls.append(Call(name, file, texts[0][:int(found[3])], int(arguments.rsplit(",", 1)[1])))
            elif name == "ftruncate":
                calls.append(Call(name, file, offset=int(arguments.rsplit(",", 1)[1])))
            elif name == "rename":
                calls.append(Call(name, file, other=os.path.basename(os.fsdecode(texts[1]))))
            else:
                calls.append(Call(name, file))
    return calls


def states(calls, now, torn, start=None):
    """Yields (number of the call, what was last done, a function that makes the folder) after every call and, in the
    middle of every write, after half of it. `now` and `torn` are folders to use, `start` is what the first call found."""
    for folder in (now, torn):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(start, now) if start else now.mkdir()

    def copy():
        shutil.rmtree(torn, ignore_errors=True)
        shutil.copytree(now, torn)
        return torn

    for number, call in enumerate(calls):
        if call.writes:
            yield number, f"half of {call}", lambda: (copy(), call.done_in(torn, 0.5), torn)[-1]
        call.done_in(now)
        yield number, f"{call}", copy
