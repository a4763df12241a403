"""Runs in groups: the runs of a group differ in their seeds alone, so that only they may be averaged."""

import dataclasses
import pathlib

from . import schema
from .inputs import replaced
from .kind import require_run
from .run import Run
from .settings import is_nothing, setting_in_words
from .study import is_study, runs_of
from .words import listed, shown

REPEAT = "seed"
SPLIT_SEED = "partition.seed"  # the same as the seed unless it was said
RANKS = "ranks"  # no option, yet seconds depend on it
STUDY = "study"  # no option either: of several studies, whose run it is
# What differs without changing what is computed.
NEITHER = {REPEAT, SPLIT_SEED, "name", "data.feature_store", "checkpoint.every", "partition.listed"}
# What tells groups apart is looked for in this order, then among all other options.
TELLING = (STUDY, "method", "name", "method.learner", "method.strategy", "upload.codec", "download.codec",
           "data.path", "partition.kind", "partition.clients", "partition.alpha", "partition.classes_per_client",
           "schedule.kind", "schedule.deadline", "links.profile", "training.participation", "training.rounds", RANKS)


@dataclasses.dataclass
class Group:
    """Repeats of one setting. `missing` holds (repeat, why it is not there) for runs that a study names."""

    settings: dict
    repeats: dict = dataclasses.field(default_factory=dict)  # {repeat in words: Run}
    missing: dict = dataclasses.field(default_factory=dict)  # {repeat in words: why}
    words: tuple = ()  # what tells it apart, one setting each
    label: str = ""  # the same without what is not there, as a deadline of 0

    @property
    def runs(self):
        return list(self.repeats.values())


def keys_in_order(keys):
    return [key for key in TELLING if key in keys] + sorted(set(keys) - set(TELLING))


def telling_keys(settings, named=()):
    """Those that were named, and after them the few keys by which no two of the settings are alike, or all that differ."""
    chosen = list(dict.fromkeys(named))
    for key in keys_in_order({key for one in settings for key in one}):
        def told_apart(keys):
            return len({tuple(repr(one.get(k)) for k in keys) for one in settings})
        if told_apart([*chosen, key]) > told_apart(chosen):
            chosen.append(key)
    return chosen


def _options(run):
    return {key: value for key, value in run.options.items() if key not in NEITHER}


def _hashed(settings):
    """Equal where settings are."""
    return tuple(sorted((key, repr(value)) for key, value in settings.items()))


def _ranks(run):
    """How many trained; in words where there were more than one number of them."""
    counts = list(run.rank_counts) or [int(run.attributes.get(schema.Attribute.RANKS, 1))]
    return counts[0] if len(counts) == 1 else f"{listed([str(count) for count in counts])} ranks"


def _repeat(options):
    """ "seed 1", or "seed 1, split 3" where who owns what was drawn by another seed."""
    seed = options.get(REPEAT, "?")
    of_split = options.get(SPLIT_SEED, seed)
    return f"{REPEAT} {seed}" + (f", split {of_split}" if of_split != seed else "")


def _group_plain(runs, apart, notes):
    """Groups of runs that no study describes, by their options and what tells their inputs `apart`."""
    found = {}
    for run in runs:
        settings = _options(run) | {RANKS: _ranks(run)} | apart.get(run, {})
        group = found.setdefault(_hashed(settings), Group(settings))
        repeat = _repeat(run.options)
        if repeat in group.repeats:
            notes.append(f"{run.name} is left out: it repeats {group.repeats[repeat].name} with the same {REPEAT}.")
            continue
        group.repeats[repeat] = run
    groups = list(found.values())
    keys = groups[0].settings if groups else ()
    same = {key for key in keys if len({repr(group.settings.get(key)) for group in groups}) == 1}
    for group in groups:
        group.settings = {key: value for key, value in group.settings.items() if key not in same}
        names = {run.options.get("name") for run in group.runs}
        if len(names) == 1:
            group.settings["name"] = names.pop()
    return groups


def _group_study(entries, apart):
    """Groups of a study, by its settings and what tells inputs `apart`; what is missing stands with the first of a setting."""
    found = {}  # {setting: {inputs: Group}}
    for entry in sorted(entries, key=lambda entry: entry.run is None):
        inputs = apart.get(entry.run, {})
        of_setting = found.setdefault(_hashed(entry.settings), {})
        repeat = ", ".join(f"{key} {value}" for key, value in entry.repeats.items()) or "the only one"
        if entry.run is None:
            first = next(iter(of_setting.values()), None) or of_setting.setdefault((), Group(dict(entry.settings)))
            first.missing[repeat] = entry.why
        else:
            of_setting.setdefault(_hashed(inputs), Group(entry.settings | inputs)).repeats[repeat] = entry.run
    in_order = dict.fromkeys(_hashed(entry.settings) for entry in entries)
    return [group for setting in in_order for group in found[setting].values()]


def _studies(places, notes):
    """{what tells a study from the others: its directory}."""
    found = {}
    for place in places:
        if (path := pathlib.Path(place).resolve()) in found.values():
            notes.append(f"{shown(place)} is named twice.")
            continue
        found[path.name if path.name not in found else str(place)] = path
    return found


def groups_of(places):
    """(groups, notes): of run directories, results files and study directories; each note is a sentence."""
    notes, groups = [], []
    studies = _studies([place for place in places if is_study(place)], notes)
    studies = {name: runs_of(place) for name, place in studies.items()}
    plain = [Run(place) for place in places if not is_study(place)]
    for run in plain:
        require_run(run.path)
    of_studies = [entry.run for entries in studies.values() for entry in entries if entry.run]
    apart, differing = replaced(of_studies + plain, lambda run: _hashed(_options(run)))
    notes += differing
    for name, entries in studies.items():
        of_study = _group_study(entries, apart)
        for group in of_study if len(studies) > 1 else ():
            group.settings[STUDY] = name
        groups += of_study
    groups += _group_plain(plain, apart, notes)
    keys = telling_keys([group.settings for group in groups])
    for group in groups:
        named = [key for key in keys or group.settings if key in group.settings]
        words = {key: setting_in_words(key, group.settings[key]) for key in named}
        group.words = tuple(words.values()) or (group.runs[0].name if group.runs else "all",)
        there = [words[key] for key in named if not is_nothing(key, group.settings[key])]
        group.label = ", ".join(there or group.words)
    labels = [group.label for group in groups]
    for group, label in zip(groups, labels):
        if labels.count(label) > 1:
            group.label = ", ".join(group.words)
    return groups, notes
