"""What a table can show of a run: one number by name."""

import math

import numpy

from . import schema
from .words import fixed, human_bytes, significant

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


class Measure:
    """`find` is the number of one run in the unit that the heading names, `show` writes one, or a spread beside a mean;
    `better` is 1 where more is, -1 where less; of an `exact` one a spread of nothing is not worth a word."""

    def __init__(self, find, heading, show, better, exact=False):
        self.find, self.heading, self.show, self.better, self.exact = find, heading, show, better, exact


def _decimals(count):
    return lambda value, beside=None: fixed(value, count)


def _bytes(value, beside=None):
    return human_bytes(value)


def _percent(share, heading):
    return Measure(lambda run: 100 * share(run), heading, _decimals(1), 1)


MEASURES = {
    "global": _percent(_pool(schema.Judged.GLOBAL), "global pool %"),
    "global-mean": _percent(_mean_of_clients(schema.Judged.GLOBAL), "global mean of clients %"),
    "unseen": _percent(_pool(schema.Judged.UNSEEN), "global pool of unseen images %"),
    "trained": _percent(_mean_of_clients(schema.Judged.TRAINED), "trained mean of clients %"),
    "selected": _percent(_selected(schema.Judged.GLOBAL), "global pool of the selected model %"),
    "selected-unseen": _percent(_selected(schema.Judged.UNSEEN), "unseen images, selected model %"),
    "personal": _percent(_mean_of_clients(schema.Judged.PERSONAL), "personal mean of clients %"),
    "zero-shot": _percent(_pool(schema.Judged.ZERO_SHOT), "zero-shot %"),
    "zero-shot-unseen": _percent(_pool((*schema.Judged.ZERO_SHOT, "unseen")), "zero-shot on unseen images %"),
    "probe": _percent(_pool(schema.Judged.PROBE), "linear probe %"),
    "of-probe": _percent(_of_probe, "global pool, % of probe"),
    "global-probe": _percent(_pool(schema.Judged.GLOBAL_PROBE), "global encoder, linear probe %"),
    "global-neighbours": _percent(_pool(schema.Judged.GLOBAL_NEIGHBOURS), "global encoder, neighbours %"),
    "personal-probe": _percent(_mean_of_clients(schema.Judged.PERSONAL_PROBE), "clients' encoders, linear probe %"),
    "personal-neighbours": _percent(_mean_of_clients(schema.Judged.PERSONAL_NEIGHBOURS), "clients' encoders, neighbours %"),
    "loss": Measure(_last_loss, "loss", _decimals(3), -1),
    # Of rounds, since clients whose reports did not count were sent the model, too.
    "bytes": Measure(_sum(schema.Rounds.UPLOAD, schema.Rounds.DOWNLOAD), "federated, bytes", _bytes, -1, True),
    "upload-bytes": Measure(_sum(schema.Rounds.UPLOAD), "federated upload, bytes", _bytes, -1, True),
    "download-bytes": Measure(_sum(schema.Rounds.DOWNLOAD), "federated download, bytes", _bytes, -1, True),
    "seconds": Measure(_sum(schema.Rounds.TOTAL), "seconds here", _decimals(1), -1),  # of the machine that ran it
    "virtual-hours": Measure(_virtual_hours, "hours in the federation", significant, -1, True),
    "rounds-a-day": Measure(_rounds_a_day, "rounds a day in the federation", significant, 1, True),
}
for _shots in (1, 5, 10):
    MEASURES[f"global-{_shots}-shot"] = _percent(_pool(schema.few_shot("global", _shots)), f"global encoder, {_shots}-shot %")
    MEASURES[f"personal-{_shots}-shot"] = _percent(_mean_of_clients(schema.few_shot("personal", _shots)),
                                                   f"clients' encoders, {_shots}-shot %")
for _scope, _find in (("global", _pool), ("personal", _mean_of_clients)):
    for _task in ("probe", "neighbours", "1-shot", "5-shot", "10-shot"):
        MEASURES[f"downstream-{_scope}-{_task}"] = _percent(_find((_scope, _task, schema.DOWNSTREAM)),
                                                            f"downstream, {MEASURES[f'{_scope}-{_task}'].heading}")
USUAL = ("global", "personal", "of-probe", "bytes", "seconds")
