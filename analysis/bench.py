"""Tables on the terminal of what `fedorbit bench-comm` measured."""

from math import isnan, nan

from rich.table import Table

from . import schema
from .results_file import open_file, read_table
from .words import human_bytes, percent

RIGHT = ("size", "calls", "median us", "bare us", "agreement us", "algbw MB/s", "busbw MB/s", "wrong", "latency us",
         "rate GB/s", "within")


def _table(title, names):
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, justify="right" if name in RIGHT else "left")
    return table


def tables(path):
    """One of all sizes, one of the models fitted to them."""
    with open_file(path) as file:
        sizes, models = read_table(file, schema.Bandwidths.GROUP), read_table(file, schema.LinkModels.GROUP)
    names = schema.Bandwidths
    measured = _table("Collectives", ("collective", "type", "size", "payload", "calls", "median us", "bare us",
                                      "agreement us", "algbw MB/s", "busbw MB/s", "wrong"))
    sizes.setdefault(names.BARE, [nan] * len(sizes[names.CALLS]))  # files of version 6.1 have none
    for row in zip(*(sizes[name] for name in (names.COLLECTIVE, names.TYPE, names.BYTES, names.PAYLOAD, names.CALLS,
                                              names.MEDIAN, names.BARE, names.AGREEMENT, names.ALGBW, names.BUSBW,
                                              names.WRONG))):
        collective, kind, size, payload, calls, median, bare, agreement, algbw, busbw, wrong = row
        measured.add_row(collective, kind, human_bytes(int(size)), payload, str(calls), f"{1e6 * median:.2f}",
                         "-" if isnan(bare) else f"{1e6 * bare:.2f}",
                         f"{1e6 * agreement:.2f}", f"{algbw / 1e6:.1f}", f"{busbw / 1e6:.1f}", str(wrong))
    names = schema.LinkModels
    fitted = _table("Seconds = latency + bytes / rate", ("collective", "type", "latency us", "rate GB/s", "within"))
    for collective, kind, latency, rate, error in zip(*(models[name] for name in (
            names.COLLECTIVE, names.TYPE, names.LATENCY, names.RATE, names.ERROR))):
        fitted.add_row(collective, kind, f"{1e6 * latency:.2f}", f"{rate / 1e9:.3f}", percent(error))
    return measured, fitted
