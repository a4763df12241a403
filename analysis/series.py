"""What pictures draw of a group: means over its repeats and how far repeats, or clients, lie from them."""

import dataclasses

import numpy

from . import schema

ROUNDS, BYTES, SECONDS, VIRTUAL = "rounds", "bytes", "seconds", "virtual"


@dataclasses.dataclass
class Series:
    """One line: places on the horizontal axis, means, and the band around them."""

    x: numpy.ndarray
    mean: numpy.ndarray
    low: numpy.ndarray
    high: numpy.ndarray


def _one(run, judged):
    """{rounds done: share} of one run: personal models as the mean of clients, all else on the pool of images."""
    if judged == schema.Judged.PERSONAL:
        return {r: shares.mean() for r, (_, shares) in run.client_accuracy(judged).items()}
    return dict(zip(*run.pool_accuracy(judged)))


def _places(run, rounds, axis):
    if axis == BYTES:
        return run.bytes_until(rounds).astype(float)
    if axis == VIRTUAL:
        return run.virtual_seconds_until(rounds)
    return run.seconds_until(rounds) if axis == SECONDS else rounds.astype(float)


def accuracy(group, judged, axis):
    """The Series of what was judged, at the rounds that all repeats have; None where there are none.

    The band is a standard deviation over repeats to each side; of a single run the middle half of its clients.
    """
    runs = [(run, scores) for run in group.runs if (scores := _one(run, judged))]
    if not runs:
        return None
    rounds = numpy.array(sorted(set.intersection(*(set(scores) for _, scores in runs))))
    if len(rounds) == 0:
        return None
    values = numpy.array([[scores[r] for r in rounds] for _, scores in runs])
    mean = values.mean(axis=0)
    low = high = mean
    if len(runs) > 1:
        spread = values.std(axis=0, ddof=1)
        low, high = mean - spread, mean + spread
    elif by_round := runs[0][0].client_accuracy(judged):
        low, high = (numpy.array([numpy.percentile(by_round[r][1], q) for r in rounds]) for q in (25, 75))
    places = [_places(run, rounds, axis) for run, _ in runs]
    return None if any(place is None for place in places) else Series(numpy.mean(places, axis=0), mean, low, high)


def reference(group, judged):
    """The mean over repeats of a score that does not change with rounds, or None."""
    shares = [found[1][-1] for run in group.runs if len((found := run.pool_accuracy(judged))[0])]
    return float(numpy.mean(shares)) if shares else None


def client_shares(group):
    """(rounds done, the latest personal accuracies of all clients of all repeats), or None."""
    latest = []
    for run in group.runs:
        by_round = run.client_accuracy(schema.Judged.PERSONAL)
        if by_round:
            latest.append((max(by_round), by_round[max(by_round)][1]))
    return (latest[0][0], numpy.concatenate([shares for _, shares in latest])) if latest else None


def class_shares(group, judged):
    """{class name: share of its test images}, the latest of what was judged, averaged over repeats; empty where unknown."""
    found = [shares for run in group.runs if (shares := run.class_shares(judged))]
    if not found:
        return {}
    return {name: float(numpy.mean([one[name] for one in found])) for name in found[0] if all(name in o for o in found)}


def seconds_of_a_rank(group):
    """{phase: seconds}, means over ranks and repeats."""
    phases = [run.seconds_by_rank()[1] for run in group.runs]
    return {phase: float(numpy.mean([one[phase].mean() for one in phases if len(one[phase])])) for phase in phases[0]
            if any(len(one[phase]) for one in phases)} if phases else {}
