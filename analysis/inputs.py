"""What runs read, by its SHA-256: files that were replaced under their names make other settings of the same options."""

from . import schema
from .words import listed

FEW = 3  # runs that a sentence names


def _checksum(run, name):
    """Empty where the run read no such thing, or where who owns what is drawn by its seed and not read."""
    drawn = name == schema.Attribute.SPLIT and run.options.get("partition.kind") != "file"
    return "" if drawn else run.attributes.get(name, "")


def _names(runs):
    return listed([run.name for run in runs[:FEW]] + ([f"{len(runs) - FEW} more"] if len(runs) > FEW else []))


def replaced(runs, options_of):
    """({run: {name of a checksum: it}}, notes): of runs that read other bytes though `options_of` them, which can be hashed,
    are equal. All others read what their options say."""
    apart, notes, alike = {}, [], {}
    for run in runs:
        alike.setdefault(options_of(run), []).append(run)
    for same in alike.values():
        for name, what in schema.Attribute.INPUTS.items():
            by_checksum = {}
            for run in same:
                by_checksum.setdefault(_checksum(run, name), []).append(run)
            by_checksum.pop("", None)
            if len(by_checksum) < 2:
                continue
            for checksum, some in by_checksum.items():
                for run in some:
                    apart.setdefault(run, {})[name] = checksum
            shares = [f"{checksum[:8]} in {_names(some)}" for checksum, some in by_checksum.items()]
            notes.append(f"The {what} differ though options agree ({name} {listed(shares)}): these are no repeats.")
    return apart, notes
