"""Results files as they lie on a disk: finished, still being written, or left behind by a kill."""

import contextlib
import ctypes
import os
import pathlib

import h5py
import numpy

from . import schema
from .words import shown


MOST_ATTEMPTS = 22  # 4 ms in all


class Unreadable(Exception):
    """What is wrong with a file, as one sentence for the user."""


def locate(place):
    """The results file of a run directory, or the file itself."""
    place = pathlib.Path(place)
    if not place.is_dir():
        return place
    for name in (schema.FILE, schema.UNFINISHED_FILE):
        if (place / name).exists():
            return place / name
    raise Unreadable(f"{shown(place)} holds neither {schema.FILE} nor {schema.UNFINISHED_FILE}: is it a run directory?")


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
        raise Unreadable(f"{shown(path)} does not exist.")
    try:
        with open_beside_writer(path) if path.name.endswith(".part") else h5py.File(path, "r") as file:
            if text(file.attrs.get(schema.Attribute.FILETYPE, "")) != schema.FILETYPE:
                raise Unreadable(f"{shown(path)} is not a results file: its attribute '{schema.Attribute.FILETYPE}' "
                                 f"should be '{schema.FILETYPE}'.")
            major = int(file.attrs[schema.Attribute.VERSION][0])
            if major != schema.MAJOR:
                raise Unreadable(f"{shown(path)} has version {major}, but this analysis reads version {schema.MAJOR}.")
            yield file
    except (KeyError, OSError, RuntimeError) as cause:  # h5py's for what HDF5 finds
        raise Unreadable(f"{shown(path)} cannot be read as HDF5: {cause}.") from None


def text(value):
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def read(dataset, rows=None):
    values = dataset[:] if rows is None else dataset[:rows]
    return numpy.array([text(value) for value in values], dtype=object) if values.dtype.kind in "SO" else values


def read_table(file, group):
    """The columns of a table, all of the length of the shortest: a killed writer leaves them uneven."""
    try:
        columns = {name: item for name, item in file[group].items() if isinstance(item, h5py.Dataset)}
        rows = min(len(column) for column in columns.values())
        return {name: read(column, rows) for name, column in columns.items()}
    except (KeyError, OSError, ValueError) as cause:
        raise Unreadable(f"{shown(file.filename)}: the table {group} cannot be read: {cause}.") from None
