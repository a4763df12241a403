"""How numbers and names are written for people: the counterpart of src/core/words.hpp."""

import codecs
import locale
import math
import os
import sys

PLAIN = {"±": "+-", "·": "-", "…": "...", "×": "x"}  # where a terminal knows no other characters


def fixed(value, decimals):
    """Halves go up, also where sums in another order left the half a hair too small; "-" for what is no number."""
    if not math.isfinite(value):
        return "-"
    return f"{math.floor(10**decimals * value + 0.5 + 1e-9) / 10**decimals:.{decimals}f}"


def significant(value, beside=None, digits=3):
    """So many digits that count, without an exponent; as many decimals as those of `beside` have, where it is a number."""
    size = value if beside is None else beside
    if not math.isfinite(value) or not math.isfinite(size):
        return "-"
    # The exponent of what is written: 9.996 has that of 10.0.
    exponent = int(f"{abs(size):.{digits - 1}e}".partition("e")[2])
    return f"{round(value, digits - 1 - exponent):,.{max(0, digits - 1 - exponent)}f}"


def percent(share):
    return fixed(100 * share, 1) + " %" if math.isfinite(share) else "-"


def counted(count, noun):
    """ "1 class", "2 classes"."""
    return f"{count} {noun}" + ("" if count == 1 else "es" if noun.endswith("s") else "s")


def listed(words):
    """ "a", "a and b", "a, b and c"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def byte_unit(count):
    """The unit in which that many bytes are a number below 1024, and its size: ("MiB", 1048576)."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = min((max(int(count), 1).bit_length() - 1) // 10, len(units) - 1)
    return units[power], 1024**power


def time_unit(seconds):
    """The largest unit of which that many seconds are two or more, and its seconds: ("hours", 3600)."""
    units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
    return [(unit, size) for unit, size in units.items() if size == 1 or seconds >= 2 * size][-1]


def human_bytes(count):
    unit, size = byte_unit(count)
    return f"{count / size:.{0 if size == 1 else 1}f} {unit}"


def shown(name):
    """A file's name for people: bytes that are no UTF-8, and what a terminal would obey, as backslashes."""
    words = str(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def _plainer(error):
    if not isinstance(error, UnicodeEncodeError):
        raise error
    left_out = error.object[error.start : error.end]
    return "".join(PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in left_out), error.end


def speak_as_the_terminal_does():
    """Standard output in the characters of the user's locale; others are spelt out instead of ending the program."""
    codecs.register_error("plainer", _plainer)
    asked = os.environ.get("PYTHONIOENCODING", "").split(":")[0]
    sys.stdout.reconfigure(encoding=asked or locale.getencoding(), errors="plainer")
