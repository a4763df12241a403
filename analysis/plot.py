"""One picture of a run: accuracy over rounds and over bytes, the spread over clients, seconds by phase and rank."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot
import numpy
from matplotlib.ticker import MaxNLocator, PercentFormatter

from . import schema
from .summary import byte_unit, percent

GLOBAL, PERSONAL, REFERENCE = "#2456a6", "#d1662a", "#707880"
PHASES = {"training": "#2456a6", "waiting": "#e3b23c", "transfer": "#d1662a"}
STYLE = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
         "grid.color": "#e6e9ec", "axes.edgecolor": "#98a0a8", "axes.axisbelow": True, "axes.titlelocation": "left",
         "axes.titleweight": "bold", "axes.titlesize": 11, "legend.frameon": False, "figure.dpi": 130}


def client_series(run, scope):
    """(rounds, mean, lowest, highest) over clients on their own images."""
    by_round = run.client_accuracy(scope)
    rounds = numpy.array(sorted(by_round))
    series = [numpy.array([f(by_round[r][1]) for r in rounds]) for f in (numpy.mean, numpy.min, numpy.max)]
    return rounds, *series


def draw_references(axes, run):
    for task, style in ((schema.Task.ZERO_SHOT, "--"), (schema.Task.PROBE, ":")):
        _, shares = run.pool_accuracy(schema.Scope.FROZEN, task)
        if len(shares):
            axes.axhline(shares[-1], color=REFERENCE, linestyle=style, linewidth=1.4,
                         label=f"{task.replace('probe', 'linear probe')} {percent(shares[-1])}")


def draw_accuracy(axes, run, place):
    """`place` turns round numbers into positions on the horizontal axis."""
    rounds, shares = run.pool_accuracy(schema.Scope.GLOBAL)
    marker = "o" if len(rounds) < 40 else None
    if len(rounds):
        axes.plot(place(rounds), shares, color=GLOBAL, marker=marker, markersize=3.5, linewidth=2,
                  label=f"global {percent(shares[-1])} (pool of images)")
    rounds, mean, _, _ = client_series(run, schema.Scope.GLOBAL)
    if len(rounds):
        axes.plot(place(rounds), mean, color=GLOBAL, linestyle=(0, (1, 1)), linewidth=1.4,
                  label=f"global {percent(mean[-1])} (mean of clients)")
    rounds, mean, low, high = client_series(run, schema.Scope.PERSONAL)
    if len(rounds):
        axes.fill_between(place(rounds), low, high, color=PERSONAL, alpha=0.15, linewidth=0)
        axes.plot(place(rounds), mean, color=PERSONAL, marker=marker, markersize=3.5, linewidth=2,
                  label=f"personal {percent(mean[-1])} (mean of clients; lowest to highest)")
    draw_references(axes, run)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("accuracy")
    axes.set_ylim(0, 1.02)


def draw_clients(axes, run):
    """The latest accuracies of clients from the lowest to the highest, coloured by training images: personal ones where
    the method has some, else the global model's."""
    personal = run.client_accuracy(schema.Scope.PERSONAL)
    by_round = personal or run.client_accuracy(schema.Scope.GLOBAL)
    axes.set_title("Spread over clients")
    if not by_round:
        axes.text(0.5, 0.5, "no scores of clients", ha="center", va="center", transform=axes.transAxes, color=REFERENCE)
        return
    last = max(by_round)
    clients, shares = by_round[last]
    order = numpy.lexsort((clients, shares))
    samples = dict(zip(run.clients[schema.Clients.CLIENT], run.clients[schema.Clients.TRAIN]))
    colours = numpy.array([samples.get(client, 0) for client in clients])[order]
    dots = axes.scatter(numpy.arange(1, len(order) + 1), shares[order], c=colours, cmap="viridis",
                        s=34 if len(order) <= 100 else 9, zorder=3)
    axes.axhline(shares.mean(), color=PERSONAL, linewidth=1.4, label=f"mean {percent(shares.mean())}")
    axes.legend(loc="lower right")
    axes.figure.colorbar(dots, ax=axes, label="training images", pad=0.02,
                         ticks=MaxNLocator(integer=True, nbins=6)).outline.set_visible(False)
    axes.set_xlabel(f"clients, sorted, after {last} rounds")
    axes.set_ylabel(f"{'personal' if personal else 'global'} accuracy on own images")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylim(0, 1.04)


def draw_seconds(axes, run):
    ranks, phases = run.seconds_by_rank()
    left = numpy.zeros(len(ranks))
    for phase, values in phases.items():
        axes.barh(numpy.arange(len(ranks)), values, left=left, height=0.72, color=PHASES[phase], label=phase)
        left += values
    axes.set_title("Seconds by phase and rank")
    axes.set_xlabel("seconds; waiting and transfer since the program started")
    axes.set_ylabel("rank")
    axes.set_yticks(numpy.arange(len(ranks)), [str(rank) for rank in ranks])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncol=3, handlelength=1, columnspacing=1.2)


def draw(run, target):
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(2, 2, figsize=(12.5, 8.6), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        draw_accuracy(axes[0, 0], run, lambda rounds: rounds)
        axes[0, 0].set_title("Accuracy over rounds")
        axes[0, 0].set_xlabel("rounds")
        axes[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0, 0].legend(loc="lower right")
        unit, size = byte_unit(int(run.bytes_until(len(run.rounds[schema.Rounds.ROUND]))))
        draw_accuracy(axes[0, 1], run, lambda rounds: run.bytes_until(rounds) / size)
        axes[0, 1].set_title("Accuracy over federated bytes")
        axes[0, 1].set_xlabel(f"{unit} sent up and down by all clients")
        draw_clients(axes[1, 0], run)
        draw_seconds(axes[1, 1], run)
        state = "" if run.finished else " (not finished)"
        figure.suptitle(f"{run.name}{state}: {len(run.clients[schema.Clients.CLIENT])} clients, "
                        f"{len(run.rounds[schema.Rounds.ROUND])} rounds", x=0.01, ha="left", fontsize=13)
        part = str(target) + ".part"
        figure.savefig(part, format="png")
        pyplot.close(figure)
    return part
