"""What groups of runs have in common, in words: method, data, split, seeds."""

from . import schema
from .groups import REPEAT
from .settings import setting_in_words
from .words import counted


def method(options):
    return f"{options['method.learner']} with {options['method.strategy']}" if "method.learner" in options else None


def data(options):
    if "data.path" not in options:
        return None
    for place in ("data.path", "data.features"):
        if options.get(place):
            return setting_in_words(place, options[place])
    return "synthetic scenes"


def split(options):
    kind = options.get("partition.kind")
    if kind is None:
        return None
    with_alpha = ("dirichlet", "dirichlet_mixtures", "quantity", "sampled")
    more = (dict.fromkeys(with_alpha, "partition.alpha") | {"pathological": "partition.classes_per_client"}).get(kind)
    words = {"partition.alpha": "alpha {}", "partition.classes_per_client": "{} classes a client"}
    return kind + (f" ({words[more].format(options[more])})" if more else "")


def people(options):
    return counted(options["partition.clients"], "client") if "partition.clients" in options else None


def seeds(runs):
    """ "seed 1", "seeds 1 to 3", "seeds 1, 4, 9"."""
    known = sorted({run.options[REPEAT] for run in runs if REPEAT in run.options})
    if not known:
        return None
    if len(known) > 2 and known == list(range(known[0], known[-1] + 1)):
        return f"seeds {known[0]} to {known[-1]}"
    return ("seed " if len(known) == 1 else "seeds ") + ", ".join(map(str, known))


def heading(groups):
    runs = [run for group in groups for run in group.runs]
    parts = [runs[0].name] if len(runs) == 1 else []
    for part in (method, data, split, people):
        words = {part(run.options) for run in runs}
        if len(words) == 1 and (only := words.pop()):
            parts.append(only)
    if all_seeds := seeds(runs):
        parts.append(all_seeds)
    done = {len(run.rounds[schema.Rounds.ROUND]) for run in runs}
    if done != {0}:
        parts.append(counted(done.pop(), "round") if len(done) == 1 else f"{min(done)} to {max(done)} rounds")
    if not all(run.finished for run in runs):
        parts.append("not finished" if len(runs) == 1 else "some not finished")
    if any(len(group.runs) > 1 for group in groups):
        parts.append("bands: one standard deviation over seeds")
    elif runs and len(runs) == 1 and any(run.client_accuracy(schema.Judged.PERSONAL) for run in runs):
        parts.append("band: the middle half of clients")
    return ", ".join(parts)
