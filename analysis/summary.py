"""Tables on the terminal: what a run reached, sent, and spent its time on."""

import numpy
from rich.table import Table
from rich.text import Text

from . import bench, federation, schema, virtual
from .kind import BENCH, LINKS, kind
from .whole import print_whole
from .words import counted, fixed, human_bytes, percent


def provenance(run):
    rounds = len(run.rounds[schema.Rounds.ROUND])
    heading = Text(run.name, style="bold")
    heading.append("  ", style="not bold")
    heading.append(*("finished", "not bold") if run.finished else ("not finished", "not bold yellow"))
    clients = len(run.clients[schema.Clients.CLIENT])
    heading.append(f", {counted(rounds, 'round')}, {counted(clients, 'client')}\n", style="not bold")
    hidden = {schema.Attribute.FILETYPE, schema.Attribute.OPTIONS}
    shown = [f"{name} {value}" for name, value in run.attributes.items() if name not in hidden and value]
    return heading.append(" · ".join(shown), style="not bold dim")


def accuracy(run):
    """The pool is all test images together; the mean, the lowest and the highest are of clients on their own."""
    table = Table(title="Accuracy", title_justify="left")
    for name in ("of", "after rounds", "pool", "mean of clients", "lowest", "highest", "clients"):
        table.add_column(name, justify="left" if name == "of" else "right")
    for judged in run.judged():
        rounds, shares = run.pool_accuracy(judged)
        by_round = run.client_accuracy(judged)
        last = max([*rounds, *by_round], default=None)
        if last is None:
            continue
        pool = percent(shares[rounds == last][-1]) if last in rounds else "-"
        clients = by_round[last][1] if last in by_round else numpy.array([])
        spread = [percent(f(clients)) if len(clients) else "-" for f in (numpy.mean, numpy.min, numpy.max)]
        table.add_row(schema.name(judged), str(last), pool, *spread, str(len(clients)) if len(clients) else "-")
    if run.selected:
        table.caption = f"kept is the model after {counted(run.selected[0], 'round')} (validation {percent(run.selected[1])})"
        table.caption_justify = "left"
    return table


def domains(run):
    """Where clients' images come from, if from several domains."""
    table = Table(title="Domains", title_justify="left")
    names, clients = schema.Domains, run.clients
    parts = {"training images": schema.Clients.TRAIN, "test images": schema.Clients.TEST}
    for heading, column in (("validation images", schema.Clients.VALIDATION), ("unseen images", schema.Clients.UNSEEN)):
        if column in clients and clients[column].any():
            parts[heading] = column
    for name in ("domain", "clients", *parts):
        table.add_column(name, justify="left" if name == "domain" else "right")
    known = dict(zip(run.domains[names.DOMAIN], run.domains[names.NAME]))
    for domain, label in ({**known, schema.Clients.SEVERAL: "several"} if len(known) > 1 else {}).items():
        mine = clients[schema.Clients.DOMAIN] == domain
        if mine.any():
            table.add_row(label, str(mine.sum()), *(f"{clients[column][mine].sum():,}"
                                                    for column in parts.values()))
    return table


def federated(run):
    """What a real federation would have sent."""
    table = Table(title="Federated bytes", title_justify="left")
    for name in ("direction", "a client and round", "all"):
        table.add_column(name, justify="left" if name == "direction" else "right")
    for direction, column, of_rounds in (("upload", schema.Turns.UPLOAD, schema.Rounds.UPLOAD),
                                         ("download", schema.Turns.DOWNLOAD, schema.Rounds.DOWNLOAD)):
        sizes = run.turns[column]
        if len(sizes) == 0:
            continue
        each = f"{sizes.min():,}" if sizes.min() == sizes.max() else f"{sizes.min():,} to {sizes.max():,}"
        # Of rounds, since clients whose reports did not count were sent the model, too.
        table.add_row(direction, each, human_bytes(int(run.rounds[of_rounds].sum())))
    return table


def seconds(run):
    """Seconds by phase: what the quickest, the mean and the slowest rank spent on it; waits and moves are within."""
    table = Table(title="Seconds by phase", title_justify="left")
    for name in ("phase", "lowest rank", "mean", "highest rank", "which", "a round", "of which waiting", "transfer",
                 "share"):
        table.add_column(name, justify="left" if name == "phase" else "right")
    ranks, phases = run.phase_seconds()
    rounds = len(run.rounds[schema.Rounds.ROUND])
    total = sum(spent.mean() for spent, _, _ in phases.values()) if len(ranks) else 0
    for phase, (spent, waiting, transfer) in phases.items() if rounds and total > 0 else ():
        table.add_row(phase, fixed(spent.min(), 2), fixed(spent.mean(), 2), fixed(spent.max(), 2),
                      str(ranks[spent.argmax()]), fixed(spent.mean() / rounds, 4), fixed(waiting.mean(), 2),
                      fixed(transfer.mean(), 2), percent(spent.mean() / total))
    return table


def transport(run):
    """What this machine moved, summed over ranks. Agreements pass as waiting, so they have no bandwidth."""
    table = Table(title="Transport", title_justify="left")
    for name in ("phase", "collective", "ranks", "calls", "bytes", "waiting s", "transfer s", "algbw MB/s", "busbw MB/s"):
        table.add_column(name, justify="left" if name in ("phase", "collective") else "right")
    for (phase, collective), sums in run.collectives().items():
        bandwidths = [f"{sums[name] / 1e6:.1f}" if sums["transfer"] > 0 else "-" for name in ("algbw", "busbw")]
        table.add_row(phase, collective, str(sums["ranks"]), f"{sums['calls']:,}", human_bytes(sums["bytes"]),
                      f"{sums['waiting']:.3f}", f"{sums['transfer']:.3f}", *bandwidths)
    return table


def events(run):
    table = Table(title="Events", title_justify="left")
    for name in ("round", "time", "kind", "message"):
        table.add_column(name, overflow="fold" if name == "message" else "ellipsis")
    names = schema.Events
    for row in zip(run.events[names.ROUND], run.events[names.TIME], run.events[names.KIND], run.events[names.MESSAGE]):
        table.add_row(*(str(cell) for cell in row))
    return table


def show(run, console):
    others = {BENCH: bench.tables, LINKS: virtual.tables}
    if (of := kind(run.path)) in others:
        if of == LINKS:
            console.print(federation.line(run.options))
        for table in others[of](run.path):
            print_whole(console, table)
        return
    console.print(provenance(run))
    timed = virtual.tables(run.path)
    if timed:
        console.print(federation.line(run.options))
    before, after = (accuracy, domains, federated), (seconds, transport, events)
    for table in (*(part(run) for part in before), *timed, *(part(run) for part in after)):
        if table.row_count:
            print_whole(console, table)
    if not run.finished:
        console.print("The run has not finished: these are the rounds it has written so far.", style="yellow")
