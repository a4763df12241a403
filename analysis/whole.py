"""Tables on the terminal of which no number and no name is cut, however narrow it is."""

from rich.cells import cell_len
from rich.measure import Measurement

SHORTEST_LINE = 30  # of words that go on in the next line


def _width(console, table):
    return Measurement.get(console, console.options.update(max_width=100_000), table).maximum


def print_whole(console, table):
    """What is wider than the terminal gets more lines where a column folds, and else is printed as wide as it is."""
    for column in table.columns:
        excess = _width(console, table) - console.width
        if column.overflow == "fold" and excess > 0:
            column.max_width = max(SHORTEST_LINE, max(cell_len(str(cell)) for cell in column.cells) - excess)
    before, console.width = console.width, max(console.width, _width(console, table))
    console.print(table)
    console.width = before
