"""Colours, marks and letters of pictures: what is told apart by colour is told apart without it too."""

import itertools

from .words import shown

# Okabe and Ito (2008): told apart by those who see colours otherwise.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
REFERENCE = "#707880"
PHASES = {"training": ("#4d555e", ""), "evaluation": ("#7b858f", "\\\\\\"), "waiting": ("#d8dde2", "///"),
          "transfer": ("#9aa3ac", "..."), "other": ("#c3b7a3", "xxx")}  # colour, hatch

STYLE = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
         "grid.color": "#e6e9ec", "axes.edgecolor": "#98a0a8", "axes.axisbelow": True, "axes.titlelocation": "left",
         "axes.titleweight": "bold", "axes.titlesize": 11, "legend.frameon": False, "figure.dpi": 130,
         "hatch.linewidth": 0.6, "pdf.fonttype": 42, "svg.hashsalt": "fedorbit"}


def look(number):
    """(colour, mark) of the line of that number; after seven the marks move on, so that the pairs stay apart."""
    pairs = itertools.islice(((COLOURS[i % 7], MARKS[(i + i // 7) % 7]) for i in itertools.count()), number, None)
    return next(pairs)


def crossed(pairs):
    """Looks of (one, other): what is alike in one has a colour, in the other a mark; None where there are too many."""
    ones, others = (list(dict.fromkeys(side)) for side in zip(*pairs))
    if len(ones) > len(COLOURS) or len(others) > len(MARKS):
        return None
    return [(COLOURS[ones.index(one)], MARKS[others.index(other)]) for one, other in pairs]


def literal(words):
    """Words as a picture shows them: no formula between dollars, no line that is hidden for its underscore."""
    words = shown(words).replace("$", r"\$")
    return f" {words}" if words.startswith("_") else words
