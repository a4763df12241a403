"""Rows of scaling as a table on the terminal and as a picture."""

import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot
from rich.table import Table

from .palette import COLOURS, STYLE
from .plot import picture_format
from .words import fixed, percent


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


def draw(rows, target):
    """Seconds a round and efficiency over ranks; what is projected is hollow and dashed."""
    kind = picture_format(target)
    with pyplot.rc_context(STYLE):
        figure, (seconds, efficiency) = pyplot.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained")
        for projected, fill, style, words in ((False, COLOURS[0], "-", "measured"), (True, "white", "--", "projected")):
            some = [row for row in rows if row.projected == projected]
            drawn = {"color": COLOURS[0], "marker": "o", "markerfacecolor": fill, "linestyle": style, "label": words}
            if some:
                seconds.plot([row.ranks for row in some], [row.seconds for row in some], **drawn)
                efficiency.plot([row.ranks for row in some], [row.efficiency for row in some], **drawn)
                efficiency.plot([row.ranks for row in some], [row.waiting for row in some],
                                **drawn | {"color": COLOURS[1], "marker": "s", "label": f"waiting, {words}"})
        for axes, words in ((seconds, "seconds a round"), (efficiency, "share")):
            axes.set_xscale("log", base=2)
            axes.set_xlabel("ranks")
            axes.set_ylabel(words)
            axes.legend()
        seconds.set_yscale("log")
        seconds.set_title("Seconds a round")
        efficiency.set_ylim(0, 1.05)
        efficiency.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
        efficiency.set_title("Efficiency, and ranks that wait")
        part = f"{target}.part"
        figure.savefig(part, format=kind)
        pyplot.close(figure)
    os.replace(part, target)
