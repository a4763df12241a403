"""Whether two results files hold the same numbers, times and transport apart."""

import h5py
import numpy

from . import schema
from .results_file import Unreadable, locate, open_file, read, text
from .run import Run
from .words import shown

IGNORED = {schema.Kind.TIME, schema.Kind.TRANSPORT}


def compared_datasets(file):
    """{path: dataset} of everything that two equal runs must agree on, to the bit."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and text(item.attrs.get(schema.Attribute.KIND, "")) not in IGNORED:
            found["/" + name] = item

    file.visititems(visit)
    return found


def difference(one, other):
    """What differs between two datasets, or None."""
    if one.dtype != other.dtype:
        return f"types {one.dtype} and {other.dtype}"
    if one.shape != other.shape:
        return f"shapes {one.shape} and {other.shape}"
    a, b = one[()], other[()]
    if a.tobytes() == b.tobytes():
        return None
    if a.dtype.kind in "fiu":
        bits = numpy.atleast_1d(a).view(f"V{a.dtype.itemsize}") != numpy.atleast_1d(b).view(f"V{a.dtype.itemsize}")
        largest = numpy.nanmax(numpy.abs(a.astype(float) - b.astype(float)), initial=0)
        return f"{bits.sum()} of {a.size} values, by at most {largest:.3g}"
    return f"{(read(one) != read(other)).sum()} of {a.size} texts"


def option_differences(one, other):
    """One line for each option that two runs were given otherwise."""
    lines = []
    for key in sorted(one.options.keys() | other.options.keys()):
        if key not in one.options or key not in other.options:
            lines.append(f"option {key}: only in {'the first' if key in one.options else 'the second'}")
        elif (a := one.options[key]) != (b := other.options[key]):
            lines.append(f"option {key}: {a!r} and {b!r}")
    return lines


def differences(place_one, place_other):
    """One line for each thing that differs; empty when the runs are the same."""
    lines = option_differences(Run(place_one), Run(place_other))
    with open_file(locate(place_one)) as one, open_file(locate(place_other)) as other:
        a, b = compared_datasets(one), compared_datasets(other)
        for path in sorted(set(a) | set(b)):
            if path not in a or path not in b:
                lines.append(f"{path}: only in {'the first' if path in a else 'the second'}")
            elif (what := difference(a[path], b[path])) is not None:
                lines.append(f"{path}: {what}")
        if not lines and not a:
            raise Unreadable(f"{shown(place_one)} and {shown(place_other)} hold times and transport alone, which may differ: "
                             "there is nothing to compare.")
        return lines, len(set(a) & set(b))
