"""One run, read from its results file; tables are read when they are asked for."""

import functools
import tomllib

import numpy

from . import schema
from .bandwidth import algorithm_bandwidth, bus_bandwidth
from .results_file import Unreadable, locate, open_file, read_table, text
from .words import shown


def flat(table, prefix=""):
    """{"section.name": value} of nested tables."""
    options = {}
    for key, value in table.items():
        options |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return options


class Table:
    """The columns of one table of a run, as numpy arrays; of a table that files did not always have perhaps none."""

    def __init__(self, group, always=True):
        self.group, self.always = group, always

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, run, owner):
        with open_file(run.path) as file:
            table = read_table(file, self.group) if self.always or self.group in file else {}
        run.__dict__[self.name] = table  # the next look finds it there
        return table


class Run:
    """`finished` says whether the file is whole."""

    rounds = Table(schema.Rounds.GROUP)
    domains = Table(schema.Domains.GROUP)
    clients = Table(schema.Clients.GROUP)
    classes = Table(schema.Classes.GROUP)
    turns = Table(schema.Turns.GROUP)
    scores = Table(schema.Scores.GROUP)
    selections = Table(schema.Selections.GROUP)
    templates = Table(schema.Templates.GROUP)
    phases = Table(schema.Phases.GROUP)
    transport = Table(schema.Transport.GROUP)
    virtual_rounds = Table(schema.VirtualRounds.GROUP, always=False)
    events = Table(schema.Events.GROUP)

    def __init__(self, place):
        self.path = locate(place)
        with open_file(self.path) as file:
            self.attributes = {name: text(value) for name, value in file.attrs.items()
                               if name != schema.Attribute.VERSION}
        self.finished = schema.Attribute.END in self.attributes
        of_run = self.path.name in (schema.FILE, schema.UNFINISHED_FILE)
        self.name = shown(self.path.parent.resolve().name if of_run else self.path.name)

    @functools.cached_property
    def options(self):
        """{"section.name": value}, all that the run was told."""
        try:
            return flat(tomllib.loads(self.attributes.get(schema.Attribute.OPTIONS, "")))
        except tomllib.TOMLDecodeError as cause:
            raise Unreadable(f"{shown(self.path)}: the attribute '{schema.Attribute.OPTIONS}' is not TOML: "
                             f"{cause}.") from None

    @functools.cached_property
    def selected(self):
        """(rounds done, validation accuracy) of the model that the run ends with; None where it is the last round's."""
        rounds, shares = (self.selections[name] for name in (schema.Selections.ROUNDS_DONE, schema.Selections.ACCURACY))
        return (int(rounds[-1]), float(shares[-1])) if len(rounds) else None

    @functools.cached_property
    def rank_counts(self):
        """{number of ranks: how many rounds so many trained}, in the order in which they did: a run that was interrupted may
        go on on another number. Empty of a file without rounds."""
        names, phases = schema.Phases, self.phases
        rounds = phases.get(names.ROUND, numpy.zeros(0, int))
        trained = rounds != schema.BEFORE_ROUNDS
        if not trained.any():
            return {}
        ranks = phases[names.RANK][trained]
        width = int(ranks.max()) + 1
        entries = numpy.unique(rounds[trained] * width + ranks)  # each rank of each round once
        _, counts = numpy.unique(entries // width, return_counts=True)
        return {int(count): int((counts == count).sum()) for count in dict.fromkeys(counts)}

    def _rows(self, judged):
        """Which rows of scores are accuracies of what was judged."""
        table, names = self.scores, schema.Scores
        scope, task, *split = judged
        mine = (table[names.SCOPE] == scope) & (table[names.TASK] == task)
        return mine & numpy.isin(table[names.SPLIT].astype(str), split or schema.TESTED) & (
            table[names.METRIC] == schema.ACCURACY)

    def _accuracies(self, judged):
        """Rows of accuracies of all classes and domains: (rounds done, clients, shares)."""
        table, names = self.scores, schema.Scores
        mine = self._rows(judged) & (table[names.DOMAIN] == names.ANY) & (table[names.CLASS] == names.ANY)
        return table[names.ROUNDS_DONE][mine], table[names.CLIENT][mine], table[names.VALUE][mine]

    def judged(self):
        """Everything that was judged, as schema.Judged has it, in the order in which it first was."""
        names = schema.Scores
        rows = zip(self.scores[names.SCOPE], self.scores[names.TASK], self.scores[names.SPLIT])
        return list(dict.fromkeys((scope, task) if split in schema.TESTED else (scope, task, split)
                                  for scope, task, split in rows))

    def pool_accuracy(self, judged):
        """Of all images in one pool: (rounds done, accuracies)."""
        rounds, clients, shares = self._accuracies(judged)
        pool = clients == schema.Scores.ANY
        return rounds[pool], shares[pool]

    def client_accuracy(self, judged):
        """{rounds done: (clients, their accuracies)} for every time at which clients were judged one by one."""
        rounds, clients, shares = self._accuracies(judged)
        return {int(r): (clients[mine], shares[mine]) for r in numpy.unique(rounds)
                if (mine := (rounds == r) & (clients != schema.Scores.ANY)).any()}

    def bytes_until(self, rounds_done):
        """Federated bytes, both directions and all clients, that were sent in so many rounds."""
        names = schema.Rounds
        sums = numpy.cumsum(self.rounds[names.UPLOAD] + self.rounds[names.DOWNLOAD])
        after = numpy.searchsorted(self.rounds[names.ROUND], rounds_done)
        return numpy.concatenate([[0], sums])[after]

    def seconds_until(self, rounds_done):
        """Seconds that so many rounds took on the root."""
        sums = numpy.cumsum(self.rounds[schema.Rounds.TOTAL])
        return numpy.concatenate([[0], sums])[numpy.searchsorted(self.rounds[schema.Rounds.ROUND], rounds_done)]

    def virtual_seconds_until(self, rounds_done):
        """Seconds that so many rounds take on the links of [links]; None where no schedule goes by them."""
        names, rounds = schema.VirtualRounds, self.virtual_rounds
        if not len(rounds.get(names.ROUND, ())):
            return None
        ends = numpy.concatenate([[0], rounds[names.START] + rounds[names.SECONDS]])
        return ends[numpy.searchsorted(rounds[names.ROUND], rounds_done)]

    def class_shares(self, judged):
        """{class name: accuracy on its images in one pool}, the latest; classes without are left out."""
        table, names = self.scores, schema.Scores
        mine = self._rows(judged) & (table[names.CLASS] != names.ANY)
        mine &= (table[names.CLIENT] == names.ANY) & (table[names.DOMAIN] == names.ANY)
        if not mine.any():
            return {}
        mine &= table[names.ROUNDS_DONE] == table[names.ROUNDS_DONE][mine].max()
        words = dict(zip(self.classes[schema.Classes.CLASS], self.classes[schema.Classes.NAME]))
        return {words[c]: share for c, share in zip(table[names.CLASS][mine], table[names.VALUE][mine])}

    def template_shares(self):
        """{set of texts: shares of correct answers of each of its templates alone}."""
        table, names = self.templates, schema.Templates
        return {name: (table[names.CORRECT] / table[names.TOTAL])[(table[names.SET] == name) & (table[names.TOTAL] > 0)]
                for name in dict.fromkeys(table[names.SET])}

    def collectives(self):
        """For every (phase, collective): ranks, calls, bytes, waiting and transfer seconds (sums over ranks), algbw, busbw."""
        names, table, found = schema.Transport, self.transport, {}
        for phase, collective in dict.fromkeys(zip(table[names.PHASE], table[names.COLLECTIVE])):
            mine = (table[names.PHASE] == phase) & (table[names.COLLECTIVE] == collective)
            ranks = len(numpy.unique(table[names.RANK][mine]))
            seconds = float(table[names.TRANSFER][mine].sum())
            moved = int(table[names.BYTES][mine].sum())
            totals = (collective, moved, ranks, seconds)  # sums over sums: a rank's mean bytes by its mean seconds
            found[phase, collective] = {"ranks": ranks, "calls": int(table[names.CALLS][mine].sum()), "bytes": moved,
                                        "waiting": float(table[names.WAITING][mine].sum()), "transfer": seconds,
                                        "algbw": algorithm_bandwidth(*totals), "busbw": bus_bandwidth(*totals)}
        return found

    def phase_seconds(self):
        """(ranks, {phase: (seconds, waiting, transfer) of each rank}) in the rounds, waits and moves within the seconds."""
        names, moves = schema.Phases, schema.Transport
        in_rounds = self.phases[names.ROUND] != schema.BEFORE_ROUNDS
        spent = {column: values[in_rounds] for column, values in self.phases.items()}
        moved_in_rounds = self.transport[moves.ROUND] != schema.BEFORE_ROUNDS
        moved = {column: values[moved_in_rounds] for column, values in self.transport.items()}
        ranks = numpy.unique(spent[names.RANK])

        def of_ranks(table, phase, column):
            mine = table[names.PHASE] == phase
            return numpy.array([table[column][mine & (table[names.RANK] == rank)].sum() for rank in ranks])

        return ranks, {phase: (of_ranks(spent, phase, names.SECONDS), of_ranks(moved, phase, moves.WAITING),
                               of_ranks(moved, phase, moves.TRANSFER)) for phase in dict.fromkeys(spent[names.PHASE])}

    def seconds_by_rank(self):
        """(ranks, {part: seconds of each}) of the rounds: training, evaluation, waiting, transfer, and all the rest."""
        ranks, phases = self.phase_seconds()
        nothing = numpy.zeros(len(ranks))
        busy = {phase: seconds - waiting - transfer for phase, (seconds, waiting, transfer) in phases.items()}
        parts = {part: busy.pop(part, nothing) for part in (schema.TRAINING, schema.EVALUATION)}
        parts["waiting"] = sum((waiting for _, waiting, _ in phases.values()), nothing)
        parts["transfer"] = sum((transfer for _, _, transfer in phases.values()), nothing)
        parts["other"] = sum(busy.values(), nothing)
        return ranks, parts
