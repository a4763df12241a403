"""Bandwidths in the definitions of nccl-tests: the counterpart of src/comm/bandwidth.hpp."""

from .results_file import Unreadable


def message_bytes(collective, bytes_handed_in, ranks):
    """The size S of a collective: what every rank handed in; gathering counts the rows of all ranks."""
    return bytes_handed_in * ranks if collective in ("all_gather", "gather") else bytes_handed_in


def algorithm_bandwidth(collective, bytes_handed_in, ranks, seconds):
    """algbw in bytes per second: S / seconds. Zero where nothing was timed."""
    return message_bytes(collective, bytes_handed_in, ranks) / seconds if seconds > 0 else 0.0


def bus_factor(collective, ranks):
    """How much of S crosses each link of an ideal network. Agreements are all-reduces; a barrier moves nothing."""
    others = (ranks - 1) / ranks
    factors = {"agree": 2 * others, "all_reduce": 2 * others, "all_gather": others, "gather": others,
               "exchange": others, "broadcast": 1.0, "barrier": 0.0}
    if collective not in factors:
        raise Unreadable(f"/transport names the collective \"{collective}\"; known are {', '.join(factors)}.")
    return factors[collective]


def bus_bandwidth(collective, bytes_handed_in, ranks, seconds):
    """busbw in bytes per second: algbw times the bus factor; comparable with the hardware's rate for any ranks."""
    return algorithm_bandwidth(collective, bytes_handed_in, ranks, seconds) * bus_factor(collective, ranks)
