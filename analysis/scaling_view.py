"""Rows of scaling as a table on the terminal and as a picture."""

import os
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot
from matplotlib.ticker import StrMethodFormatter
from rich.table import Table

from .palette import COLOURS, MARKS, STYLE, literal
from .plot import picture_format
from .ticks import Shares
from .words import fixed, percent

LINE = 165  # characters of a sentence below the picture

def table(rows):
    out = Table(title="Scaling", title_justify="left")
    for name in ("ranks", "clients", "seconds a round", "client-steps a second", "efficiency", "training", "waiting",
                 "overhead", ""):
        out.add_column(name, justify="right" if name else "left")
    for row in rows:
        out.add_row(str(row.ranks), str(row.clients), fixed(row.seconds, 4), f"{row.steps / row.seconds:,.0f}",
                    percent(row.efficiency), percent(row.training), percent(row.waiting), percent(row.overhead),
                    "projected" if row.projected else "measured")
    return out


def _lines(rows):
    """[(words, rows)]: measured runs of as many clients as the first (strong scaling), of as many on each rank (weak), and
    what is projected."""
    first = rows[0]
    strong = [row for row in rows if not row.projected and row.clients == first.clients]
    weak = [row for row in rows if not row.projected and row.clients * first.ranks == first.clients * row.ranks]
    lines = [("measured, the same clients", strong), ("measured, as many clients a rank", weak if len(weak) > 1 else []),
             ("projected", [row for row in rows if row.projected])]
    return [(words, some) for words, some in lines if some]


def draw(rows, remarks, target):
    """Seconds a round and efficiency over ranks, and below them sentences; what is projected is hollow and dashed."""
    kind = picture_format(target)
    with pyplot.rc_context(STYLE):
        figure, (seconds, efficiency) = pyplot.subplots(1, 2, figsize=(9.6, 4.4), layout="constrained")
        for (words, some), colour, mark in zip(_lines(rows), COLOURS, MARKS):
            hollow = some[0].projected
            drawn = {"color": colour, "marker": mark, "markerfacecolor": "white" if hollow else colour,
                     "linestyle": "--" if hollow else "-", "label": words}
            ranks = [row.ranks for row in some]
            seconds.plot(ranks, [row.seconds for row in some], **drawn)
            efficiency.plot(ranks, [row.efficiency for row in some], **drawn)
        for axes in (seconds, efficiency):
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
            axes.set_xlabel("ranks")
        seconds.set_ylabel("seconds")
        seconds.set_title("Seconds a round")
        seconds.set_ylim(bottom=0)
        seconds.legend()
        efficiency.set_ylim(bottom=0)
        efficiency.yaxis.set_major_formatter(Shares())
        efficiency.set_title("Efficiency of a rank")
        lines = [textwrap.fill(literal(remark), LINE) for remark in remarks]
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=8)
        part = f"{target}.part"
        figure.savefig(part, format=kind)
        pyplot.close(figure)
    os.replace(part, target)
