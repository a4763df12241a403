"""What a table can show of a run: one number by name."""

import math

import numpy

from . import schema
from .words import fixed, human_bytes

NAN = math.nan


def _pool(judged):
    def latest(run):
        _, shares = run.pool_accuracy(judged)
        return float(shares[-1]) if len(shares) else NAN
    return latest


def _mean_of_clients(judged):
    def latest(run):
        by_round = run.client_accuracy(judged)
        return float(by_round[max(by_round)][1].mean()) if by_round else NAN
    return latest


def _selected(judged):
    """Of the model that the run ends with where it was selected."""
    def at_its_round(run):
        rounds, shares = run.pool_accuracy(judged)
        mine = rounds == run.selected[0] if run.selected else []
        return float(shares[mine][-1]) if numpy.any(mine) else NAN
    return at_its_round


def _of_probe(run):
    probe = _pool(schema.Judged.PROBE)(run)
    return _pool(schema.Judged.GLOBAL)(run) / probe if probe > 0 else NAN


def _sum(*columns):
    def total(run):
        rounds = run.rounds
        return float(sum(rounds[column].sum() for column in columns)) if len(rounds[schema.Rounds.ROUND]) else NAN
    return total


def _last_loss(run):
    losses = run.rounds[schema.Rounds.LOSS]
    return float(losses[-1]) if len(losses) else NAN


def _virtual(run):
    """(rounds, seconds that they take on the links of [links]), or None."""
    rounds = len(run.rounds[schema.Rounds.ROUND])
    seconds = run.virtual_seconds_until([rounds])
    return None if seconds is None else (rounds, float(seconds[0]))


def _virtual_hours(run):
    found = _virtual(run)
    return found[1] / 3600 if found else NAN


def _rounds_a_day(run):
    found = _virtual(run)
    return 86400 * found[0] / found[1] if found and found[1] > 0 else NAN


def _points(value):
    return fixed(100 * value, 1)


class Measure:
    """`find` is the number of one run, `show` writes a mean or a spread of it; `better` is 1 where more is, -1 where
    less; of an `exact` one a spread of nothing is not worth a word."""

    def __init__(self, find, heading, show, better, exact=False):
        self.find, self.heading, self.show, self.better, self.exact = find, heading, show, better, exact


MEASURES = {
    "global": Measure(_pool(schema.Judged.GLOBAL), "global pool %", _points, 1),
    "global-mean": Measure(_mean_of_clients(schema.Judged.GLOBAL), "global mean of clients %", _points, 1),
    "unseen": Measure(_pool(schema.Judged.UNSEEN), "global pool of unseen images %", _points, 1),
    "trained": Measure(_mean_of_clients(schema.Judged.TRAINED), "trained mean of clients %", _points, 1),
    "selected": Measure(_selected(schema.Judged.GLOBAL), "global pool of the selected model %", _points, 1),
    "selected-unseen": Measure(_selected(schema.Judged.UNSEEN), "unseen images, selected model %", _points, 1),
    "personal": Measure(_mean_of_clients(schema.Judged.PERSONAL), "personal mean of clients %", _points, 1),
    "zero-shot": Measure(_pool(schema.Judged.ZERO_SHOT), "zero-shot %", _points, 1),
    "zero-shot-unseen": Measure(_pool((*schema.Judged.ZERO_SHOT, "unseen")), "zero-shot on unseen images %", _points, 1),
    "probe": Measure(_pool(schema.Judged.PROBE), "linear probe %", _points, 1),
    "of-probe": Measure(_of_probe, "global pool, % of probe", _points, 1),
    "global-probe": Measure(_pool(schema.Judged.GLOBAL_PROBE), "global encoder, linear probe %", _points, 1),
    "global-neighbours": Measure(_pool(schema.Judged.GLOBAL_NEIGHBOURS), "global encoder, neighbours %", _points, 1),
    "personal-probe": Measure(_mean_of_clients(schema.Judged.PERSONAL_PROBE), "clients' encoders, linear probe %", _points, 1),
    "personal-neighbours": Measure(_mean_of_clients(schema.Judged.PERSONAL_NEIGHBOURS), "clients' encoders, neighbours %",
                                   _points, 1),
    "loss": Measure(_last_loss, "loss", lambda value: fixed(value, 3), -1),
    "bytes": Measure(_sum(schema.Rounds.UPLOAD, schema.Rounds.DOWNLOAD), "federated, bytes", human_bytes, -1, True),
    "seconds": Measure(_sum(schema.Rounds.TOTAL), "seconds", lambda value: fixed(value, 1), -1),
    "virtual-hours": Measure(_virtual_hours, "hours in the federation", lambda value: fixed(value, 1), -1, True),
    "rounds-a-day": Measure(_rounds_a_day, "rounds a day in the federation", lambda value: fixed(value, 1), 1, True),
}
for _shots in (1, 5, 10):
    MEASURES[f"global-{_shots}-shot"] = Measure(_pool(schema.few_shot("global", _shots)), f"global encoder, {_shots}-shot %",
                                                _points, 1)
    MEASURES[f"personal-{_shots}-shot"] = Measure(_mean_of_clients(schema.few_shot("personal", _shots)),
                                                  f"clients' encoders, {_shots}-shot %", _points, 1)
for _scope, _find in (("global", _pool), ("personal", _mean_of_clients)):
    for _task in ("probe", "neighbours", "1-shot", "5-shot", "10-shot"):
        _of_run = MEASURES[f"{_scope}-{_task}"]
        MEASURES[f"downstream-{_scope}-{_task}"] = Measure(_find((_scope, _task, schema.DOWNSTREAM)),
                                                           f"downstream, {_of_run.heading}", _points, 1)
USUAL = ("global", "personal", "of-probe", "bytes", "seconds")
