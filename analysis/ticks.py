"""What stands at the ticks of an axis: shares, and times and sizes over orders of magnitude."""

import math

from matplotlib.ticker import FixedFormatter, FixedLocator, Formatter, FuncFormatter, LogLocator, NullLocator

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
STEPS = {"s": (0.001, 0.01, 0.1, 1, 10), "min": (1, 10), "h": (1, 5), "d": (1, 10, 100, 1000)}
FINER = {"s": (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30), "min": (1, 2, 5, 10, 30), "h": (1, 2, 5, 10),
         "d": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)}
FEW_DECADES = 2.0  # in which powers of ten alone would be hardly a tick


class Shares(Formatter):
    """Per cent with as few decimals as tell the ticks apart: "85 %"."""

    def format_ticks(self, values):
        decimals = next((count for count in range(4) if all(abs(round(100 * share, count) - 100 * share) < 1e-6
                                                            for share in values)), 4)
        return [f"{100 * share:.{decimals}f} %" for share in values]

    def __call__(self, share, pos=None):
        return self.format_ticks([share])[0]


def _decades(axis):
    low, high = axis.get_view_interval()
    return math.log10(high / low)


def times(axis):
    """Of a logarithmic axis in seconds: "10 s", "1 min", "5 h"."""
    low, high = axis.get_view_interval()
    known = {count * UNITS[unit]: f"{count:g} {unit}" for unit, counts in
             (FINER if _decades(axis) < FEW_DECADES else STEPS).items() for count in counts}
    seen = {seconds: words for seconds, words in known.items() if low <= seconds <= high}
    axis.set_major_locator(FixedLocator(list(seen)))
    axis.set_major_formatter(FixedFormatter(list(seen.values())))
    axis.set_minor_locator(NullLocator())


def powers(axis):
    """Of a logarithmic axis of plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if _decades(axis) < FEW_DECADES else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
