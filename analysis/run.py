"""One run, read from its results file: finished, still being written, or left behind by a kill."""

import contextlib
import ctypes
import os
import pathlib

import h5py
import numpy

from . import schema
from .bandwidth import algorithm_bandwidth, bus_bandwidth


MOST_ATTEMPTS = 22  # 4 ms in all


class Unreadable(Exception):
    """What is wrong with the file, as one sentence for the user."""


def locate(place):
    """The results file of a run directory, or the file itself."""
    place = pathlib.Path(place)
    if not place.is_dir():
        return place
    for name in (schema.FILE, schema.UNFINISHED_FILE):
        if (place / name).exists():
            return place / name
    raise Unreadable(f"{place} holds neither {schema.FILE} nor {schema.UNFINISHED_FILE}: is it a run directory?")


def open_beside_writer(path):
    """An h5py.File as File(path, "r", libver="latest", swmr=True) gives it, which finds damage in milliseconds.

    What fails its checksum is read again, for the writer may be at it, and before the wait doubles from 1 ns on. HDF5's
    own 100 times do not end in a lifetime where the file is damaged; h5py has no call for another number.
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    bound_attempts = ctypes.CDLL(h5py.h5p.__file__).H5Pset_metadata_read_attempts  # of the library behind h5py
    bound_attempts.argtypes = [ctypes.c_int64, ctypes.c_uint]
    if bound_attempts(access.id, MOST_ATTEMPTS) < 0:
        raise OSError("HDF5 does not take the number of attempts")
    return h5py.File(h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ, fapl=access))


@contextlib.contextmanager
def open_file(path):
    """An h5py.File. An unfinished file is opened as a reader beside its writer, which a kill does not prevent."""
    if not path.exists():
        raise Unreadable(f"{path} does not exist.")
    try:
        with open_beside_writer(path) if path.name.endswith(".part") else h5py.File(path, "r") as file:
            if text(file.attrs.get(schema.Attribute.FILETYPE, "")) != schema.FILETYPE:
                raise Unreadable(f"{path} is not a results file: its attribute '{schema.Attribute.FILETYPE}' should be "
                                 f"'{schema.FILETYPE}'.")
            major = int(file.attrs[schema.Attribute.VERSION][0])
            if major != schema.MAJOR:
                raise Unreadable(f"{path} has version {major}, but this analysis reads version {schema.MAJOR}.")
            yield file
    except (KeyError, OSError, RuntimeError) as cause:  # h5py's for what HDF5 finds
        raise Unreadable(f"{path} cannot be read as HDF5: {cause}.") from None


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def read(dataset, rows=None):
    values = dataset[:] if rows is None else dataset[:rows]
    return numpy.array([text(value) for value in values], dtype=object) if values.dtype.kind in "SO" else values


class Run:
    """Columns as numpy arrays; `finished` says whether the file is whole."""

    def __init__(self, place):
        self.path = locate(place)
        with open_file(self.path) as file:
            self.attributes = {name: text(value) for name, value in file.attrs.items()
                               if name != schema.Attribute.VERSION}
            self.rounds = self._table(file, schema.Rounds)
            self.clients = self._table(file, schema.Clients)
            self.turns = self._table(file, schema.Turns)
            self.scores = self._table(file, schema.Scores)
            self.transport = self._table(file, schema.Transport)
            self.placement = self._table(file, schema.Placement)
            self.events = self._table(file, schema.Events)
        self.finished = schema.Attribute.END in self.attributes
        self.name = self.path.parent.resolve().name

    def _table(self, file, names):
        """The columns of a table, all of the length of the shortest: a killed writer leaves them uneven."""
        try:
            group = file[names.GROUP]
            columns = {name: item for name, item in group.items() if isinstance(item, h5py.Dataset)}
            rows = min(len(column) for column in columns.values())
            return {name: read(column, rows) for name, column in columns.items()}
        except (KeyError, OSError, ValueError) as cause:
            raise Unreadable(f"{self.path}: the table {names.GROUP} cannot be read: {cause}.") from None

    def _accuracies(self, scope, task):
        table, names = self.scores, schema.Scores
        mine = (table[names.SCOPE] == scope) & (table[names.TASK] == task) & (table[names.METRIC] == schema.ACCURACY)
        mine &= (table[names.DOMAIN] == names.ANY) & (table[names.CLASS] == names.ANY)
        return table[names.ROUNDS_DONE][mine], table[names.CLIENT][mine], table[names.VALUE][mine]

    def judged(self):
        """Every (scope, task) that was judged, in the order in which they first were."""
        return list(dict.fromkeys(zip(self.scores[schema.Scores.SCOPE], self.scores[schema.Scores.TASK])))

    def pool_accuracy(self, scope, task=schema.Task.LABELLING):
        """Of all images in one pool: (rounds done, accuracies)."""
        rounds, clients, shares = self._accuracies(scope, task)
        pool = clients == schema.Scores.ANY
        return rounds[pool], shares[pool]

    def client_accuracy(self, scope, task=schema.Task.LABELLING):
        """{rounds done: (clients, their accuracies)} for every time at which clients were judged one by one."""
        rounds, clients, shares = self._accuracies(scope, task)
        return {int(r): (clients[mine], shares[mine]) for r in numpy.unique(rounds)
                if (mine := (rounds == r) & (clients != schema.Scores.ANY)).any()}

    def bytes_until(self, rounds_done):
        """Federated bytes, both directions and all clients, that were sent in so many rounds."""
        names = schema.Rounds
        sums = numpy.cumsum(self.rounds[names.UPLOAD] + self.rounds[names.DOWNLOAD])
        after = numpy.searchsorted(self.rounds[names.ROUND], rounds_done)
        return numpy.concatenate([[0], sums])[after]

    def collectives(self):
        """For every collective: ranks, calls, bytes, waiting and transfer seconds (sums over ranks), algbw, busbw."""
        names, table, found = schema.Transport, self.transport, {}
        for collective in dict.fromkeys(table[names.COLLECTIVE]):
            mine = table[names.COLLECTIVE] == collective
            ranks = len(numpy.unique(table[names.RANK][mine]))
            seconds = float(table[names.TRANSFER][mine].sum())
            moved = int(table[names.BYTES][mine].sum())
            totals = (collective, moved, ranks, seconds)  # sums over sums: a rank's mean bytes by its mean seconds
            found[collective] = {"ranks": ranks, "calls": int(table[names.CALLS][mine].sum()), "bytes": moved,
                                 "waiting": float(table[names.WAITING][mine].sum()), "transfer": seconds,
                                 "algbw": algorithm_bandwidth(*totals), "busbw": bus_bandwidth(*totals)}
        return found

    def seconds_by_rank(self):
        """(ranks, {phase: seconds of each}): training of the turns taken there, waiting and transfer of its ledger.

        The ledger also holds what lies outside of rounds: the start, the encoding, the waits for the root's writing.
        So what a rank did besides cannot be had as the rest of the rounds' seconds.
        """
        names, turns = schema.Transport, schema.Turns
        ranks = numpy.unique(numpy.concatenate([self.placement[schema.Placement.RANK], self.transport[names.RANK]]))
        placed = self.placement
        where = dict(zip(zip(placed[schema.Placement.ROUND], placed[schema.Placement.CLIENT]),
                         placed[schema.Placement.RANK]))
        rank_of_turn = numpy.array([where.get(turn, -1) for turn in zip(self.turns[turns.ROUND],
                                                                        self.turns[turns.CLIENT])])

        def sums(keys, values):
            return numpy.array([values[keys == rank].sum() for rank in ranks])

        phases = {"training": sums(rank_of_turn, self.turns[turns.SECONDS]),
                  "waiting": sums(self.transport[names.RANK], self.transport[names.WAITING]),
                  "transfer": sums(self.transport[names.RANK], self.transport[names.TRANSFER])}
        return ranks, phases
