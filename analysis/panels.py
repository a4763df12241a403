"""The panels of a picture. Each draws on axes what groups of runs hold, and says whether there was anything to draw."""

import numpy
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import schema, series, ticks
from .palette import COLOURS, PHASES, REFERENCE, crossed, literal, look
from .words import byte_unit, counted, percent, time_unit

SCOPES = ((schema.Judged.GLOBAL, "-"), (schema.Judged.PERSONAL, "--"), (schema.Judged.GLOBAL_PROBE, "-"),
          (schema.Judged.GLOBAL_NEIGHBOURS, ":"), (schema.Judged.DOWNSTREAM_PROBE, "-"),
          (schema.Judged.DOWNSTREAM_NEIGHBOURS, ":"))
WORDS = {schema.Judged.GLOBAL: "global (pool)", schema.Judged.PERSONAL: "personal (mean of clients)",
         schema.Judged.GLOBAL_PROBE: "global encoder, linear probe (pool)",
         schema.Judged.GLOBAL_NEIGHBOURS: "global encoder, neighbours (pool)",
         schema.Judged.DOWNSTREAM_PROBE: "downstream, linear probe",
         schema.Judged.DOWNSTREAM_NEIGHBOURS: "downstream, neighbours"}
REFERENCES = ((schema.Judged.ZERO_SHOT, "-.", "zero-shot"), (schema.Judged.PROBE, ":", "linear probe"))
MOST_CLASSES = 30
FAR_APART = 30  # times as many bytes or seconds as another: an even axis would show the lesser as a point


class Looks:
    """What a colour and a mark stand for, the same in all panels: groups, or the scopes of a single one; of more groups
    than there are colours, the colour what they differ by first and the mark all else, if that tells them apart."""

    def __init__(self, groups):
        self.groups = groups
        self.alone = len(groups) == 1
        self.sides = [(group.words[0], ", ".join(group.words[1:])) for group in groups]
        self.crossed = crossed(self.sides) if len(groups) > len(COLOURS) else None
        # {words: handle} of what was drawn, for the legend
        self.named, self.marks, self.scopes, self.references = {}, {}, {}, {}

    @property
    def legend(self):
        return self.named | self.marks | self.scopes | self.references

    def of(self, group):
        """(colour, mark)"""
        number = self.groups.index(group)
        return self.crossed[number] if self.crossed else look(number)

    def name(self, group):
        """Notes a group for the legend."""
        colour, mark = self.of(group)
        if not self.crossed:
            self.named[literal(group.label)] = Line2D([], [], color=colour, marker=mark, linewidth=1.6)
            return
        one, other = self.sides[self.groups.index(group)]
        self.named[literal(one)] = Line2D([], [], color=colour, linewidth=1.6)
        if other:
            self.marks[literal(other)] = Line2D([], [], color=REFERENCE, marker=mark, linestyle="none")

    def line(self, group, judged, last):
        """How a line that ends at the share `last` is drawn, its legend noted."""
        colour, mark = look([scope for scope, _ in SCOPES].index(judged)) if self.alone else self.of(group)
        style = dict(SCOPES)[judged]
        drawn = dict(color=colour, marker=mark, linestyle=style, markersize=4, linewidth=1.6,
                     markerfacecolor=colour if judged == schema.Judged.GLOBAL else "white")
        if self.alone:
            self.named[f"{WORDS[judged]} {percent(last)}"] = Line2D([], [], **drawn)
        else:
            self.name(group)
            self.scopes[WORDS[judged]] = Line2D([], [], color="black", linestyle=style)
        return drawn

    def colour(self, group):
        """(colour, mark) of what is no line: of a single group's clients they are those of the personal scores."""
        return look(1) if self.alone else self.of(group)


def _shares(axis):
    axis.set_major_formatter(ticks.Shares())


def _rows(axes, count):
    """Room for so many bars from the top down, none of them thicker than a third of the panel."""
    margin = max(0.6, 1.5 - count / 2)
    axes.set_ylim(count - 1 + margin, -margin)
    axes.grid(axis="y", visible=False)


def _references(axes, looks):
    for judged, style, words in REFERENCES:
        values = [value for group in looks.groups if (value := series.reference(group, judged)) is not None]
        if values and max(values) - min(values) < 0.0005:  # alike as they are shown
            axes.axhline(values[0], color=REFERENCE, linestyle=style, linewidth=1.2)
            looks.references[f"{words} {percent(values[0])}"] = Line2D([], [], color=REFERENCE, linestyle=style)


def _accuracy(axes, looks, axis):
    found = [(group, judged, line) for group in looks.groups for judged, _ in SCOPES
             if (line := series.accuracy(group, judged, axis)) is not None]
    # What encoders are good for elsewhere is what they were trained for: it takes the place of the run's own data.
    elsewhere = [each for each in found if schema.DOWNSTREAM in each[1] and len(each[2].x) > 1]
    lines = [(looks.line(group, judged, line.mean[-1]), line, looks.alone or len(group.runs) > 1)
             for group, judged, line in elsewhere or found]
    if not any(len(found.x) > 1 for _, found, _ in lines):
        return False
    last = [found.x[-1] for _, found, _ in lines]
    logarithmic = axis in (series.BYTES, series.VIRTUAL) and max(last) >= FAR_APART * min(last) > 0
    units = {series.BYTES: byte_unit, series.VIRTUAL: time_unit}
    unit, size = units[axis](max(last)) if axis in units else (axis, 1)
    if logarithmic:
        axes.set_xscale("log")
        if axis == series.VIRTUAL:  # each tick has a unit of its own
            unit, size = "time", 1
    for drawn, found, banded in lines:
        seen = found.x > 0 if logarithmic else found.x >= 0
        x = found.x[seen] / size
        drawn = drawn | {"markevery": max(1, len(x) // 12)}
        if banded:  # clients of single runs, side by side, hide one another
            axes.fill_between(x, found.low[seen], found.high[seen], color=drawn["color"], alpha=0.15, linewidth=0)
        axes.plot(x, found.mean[seen], **drawn)
    if not elsewhere:  # they are of the run's own data
        _references(axes, looks)
    _shares(axes.yaxis)
    axes.set_ylabel("accuracy")
    axes.margins(x=0.02)
    top = max(1.0, axes.get_ylim()[1]) if max(found.high.max() for _, found, _ in lines) > 0.9 else axes.get_ylim()[1]
    axes.set_ylim(max(0.0, axes.get_ylim()[0]), top)
    words = {series.ROUNDS: "rounds", series.BYTES: f"{unit} sent up and down by all clients",
             series.SECONDS: "seconds of rounds on this machine", series.VIRTUAL: f"{unit} in the federation"}
    axes.set_xlabel(words[axis] + (" (logarithmic)" if logarithmic else ""))
    if logarithmic:
        (ticks.times if axis == series.VIRTUAL else ticks.powers)(axes.xaxis)
    if axis == series.ROUNDS:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10)))
    axes.set_title({series.ROUNDS: "Accuracy over rounds", series.BYTES: "Accuracy over federated bytes",
                    series.SECONDS: "Accuracy over seconds",
                    series.VIRTUAL: "Accuracy over time in the federation"}[axis])
    return True


def rounds(axes, looks):
    return _accuracy(axes, looks, series.ROUNDS)


def bytes_sent(axes, looks):
    return _accuracy(axes, looks, series.BYTES)


def seconds(axes, looks):
    return _accuracy(axes, looks, series.SECONDS)


def virtual(axes, looks):
    return _accuracy(axes, looks, series.VIRTUAL)


def clients(axes, looks):
    """Boxes: the middle half of the clients and their median; whiskers from the lowest to the highest."""
    found = [(group, shares) for group in looks.groups if (shares := series.client_shares(group))]
    if not found:
        return False
    for place, (group, (done, shares)) in enumerate(found):
        colour, mark = looks.colour(group)
        axes.boxplot([shares], positions=[place], widths=0.5, orientation="horizontal", whis=(0, 100), showcaps=False,
                     patch_artist=True, boxprops={"facecolor": colour, "alpha": 0.25, "edgecolor": colour},
                     medianprops={"color": colour, "linewidth": 2}, whiskerprops={"color": colour})
        aside = 0.18 * numpy.sin(numpy.arange(len(shares)) * 2.4)  # so that clients of one accuracy are seen apart
        axes.plot(numpy.sort(shares), place + aside, linestyle="", marker=mark, color=colour, markersize=2.5, alpha=0.6)
    ticks = [f"{counted(len(shares), 'client')}" if looks.alone else literal(group.label)
             for group, (_, shares) in found]
    axes.set_yticks(range(len(found)), ticks)
    _rows(axes, len(found))
    _shares(axes.xaxis)
    ends = sorted({done for _, (done, _) in found})
    after = counted(ends[0], "round") if len(ends) == 1 else f"{ends[0]} to {ends[-1]} rounds"
    axes.set_xlabel(f"personal accuracy after {after}: quartiles, lowest to highest")
    axes.set_title("Spread over clients")
    return True


def _class_series(looks):
    """[(words, colour and mark, {class: share})]: of groups the global model, of an evaluation each thing that it judged."""
    if looks.alone and not series.class_shares(looks.groups[0], schema.Judged.GLOBAL):
        all_judged = [judged for run in looks.groups[0].runs[:1] for judged in run.judged()]
        return [(schema.name(judged), look(i), shares) for i, judged in enumerate(all_judged)
                if (shares := series.class_shares(looks.groups[0], judged))]
    named = [(group, series.class_shares(group, schema.Judged.GLOBAL)) for group in looks.groups]
    named = [(group, shares) for group, shares in named if shares]
    return [("global" if looks.alone else group.label, look(0) if looks.alone else looks.of(group), shares)
            for group, shares in named if shares.keys() == named[0][1].keys()]


def classes(axes, looks):
    found = _class_series(looks)
    if not found:
        return False
    names = sorted(found[0][2], key=lambda name: numpy.mean([shares[name] for _, _, shares in found]))
    kept = names[:MOST_CLASSES]
    for i, (words, (colour, mark), shares) in enumerate(found):
        aside = (i - (len(found) - 1) / 2) * min(0.24, 0.7 / len(found))  # marks of one accuracy are seen apart
        axes.plot([shares[name] for name in kept], numpy.arange(len(kept)) + aside, linestyle="", marker=mark,
                  color=colour, markersize=4.5, alpha=0.85)
        if not looks.alone or len(found) > 1:
            looks.named.setdefault(literal(words), Line2D([], [], color=colour, marker=mark, linestyle=""))
    size = "x-small" if len(kept) > 12 else "small"
    axes.set_yticks(range(len(kept)), [literal(name) for name in kept], fontsize=size)
    axes.set_ylim(len(kept) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    _shares(axes.xaxis)
    axes.set_xlabel("accuracy" if len(found) > 1 or not looks.alone else f"{found[0][0]} accuracy")
    axes.set_title(f"The {len(kept)} lowest of {len(names)} classes" if len(kept) < len(names) else "Accuracy by class")
    return True


def templates(axes, looks):
    """Each template of a zero-shot ensemble on its own, from the lowest to the highest."""
    sets = {name: shares for group in looks.groups for run in group.runs
            for name, shares in run.template_shares().items() if len(shares) > 1}
    if not sets or not looks.alone:
        return False
    for i, (name, shares) in enumerate(sets.items()):
        colour, mark = look(len(looks.groups[0].runs[0].judged()) + i)
        axes.plot(range(1, len(shares) + 1), numpy.sort(shares), marker=mark, markersize=3, linestyle="", color=colour)
        looks.named.setdefault(literal(name), Line2D([], [], color=colour, marker=mark, linestyle=""))
    _shares(axes.yaxis)
    axes.set_xlabel("templates, from the lowest to the highest")
    axes.set_ylabel("accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10)))
    axes.set_title("Each template alone")
    return True


def phases(axes, looks):
    """Of a single run a bar for each rank, of several a bar for each group."""
    if looks.alone and len(looks.groups[0].runs) == 1:
        ranks, seconds_of = looks.groups[0].runs[0].seconds_by_rank()
        names = [f"rank {rank}" for rank in ranks]
    else:
        found = [(group, spent) for group in looks.groups if (spent := series.seconds_of_a_rank(group))]
        seconds_of = {phase: numpy.array([spent.get(phase, 0) for _, spent in found]) for phase in PHASES}
        names = [literal(group.label) for group, _ in found]
    if not names or sum(values.sum() for values in seconds_of.values()) == 0:
        return False
    left = numpy.zeros(len(names))
    for phase, values in seconds_of.items():
        colour, hatch = PHASES[phase]
        axes.barh(range(len(names)), values, left=left, height=0.66, color=colour, hatch=hatch, edgecolor="white",
                  linewidth=0, label=phase)
        left += values
    axes.set_title("Seconds by phase and rank" if names[0].startswith("rank") else "Seconds by phase, mean of ranks")
    axes.set_xlabel("seconds")
    axes.set_yticks(range(len(names)), names)
    _rows(axes, len(names))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncol=3, handlelength=1.5, columnspacing=1.2)
    return True


ALL = {"rounds": rounds, "bytes": bytes_sent, "seconds": seconds, "virtual": virtual, "clients": clients, "classes": classes,
       "templates": templates, "phases": phases}
