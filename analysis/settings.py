"""What an option was set to, in a few words: for labels and the first columns of tables."""

from . import schema
from .words import counted

# Numbers with units.
IN_WORDS = {"schedule.deadline": "deadline {} s", "schedule.window": "window {} s", "schedule.buffer": "buffer of {}",
            "schedule.availability_period": "availability again every {} s", "schedule.invited": "{} times invited",
            "schedule.concurrency": "{} at once", "links.step_seconds": "{} s a step", "links.download_rate": "{} Mbit/s down",
            "links.upload_rate": "{} Mbit/s up", "links.latency": "latency {} s", "links.jitter": "jitter {} s",
            "links.server_rate": "server {} Mbit/s", "links.contact_period": "contact every {} s",
            "links.contact_seconds": "contact for {} s"}
NONE_AT_0 = {"schedule.deadline", "schedule.window", "schedule.availability_period", "schedule.concurrency", "schedule.dropout",
             "links.step_seconds", "links.speed_spread", "links.server_rate", "links.contact_period", "links.contact_seconds",
             "upload.zstd", "download.zstd", "optimiser.clip_norm"}


def is_nothing(key, value):
    """Whether a setting says that there is none of what the option is for, or that nothing was said of it."""
    if not _is_number(value):
        return value == "" and key != "method.personal"
    return value == 0 and key in NONE_AT_0 or value == -1 and key.startswith("links.")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def setting_in_words(key, value):
    """ "40 clients", "1 client", "alpha 0.1", "deadline 5 s", "fedprox": short, for labels."""
    last = key.rpartition(".")[2].replace("_", " ")
    if isinstance(value, bool):
        return last if value else f"no {last}"
    if is_nothing(key, value):
        return f"{last} of the profile" if value == -1 else f"no {last}"
    if _is_number(value):
        number = str(value).removesuffix(".0")
        if last in ("clients", "ranks", "rounds"):
            return counted(value, last[:-1])
        return IN_WORDS[key].format(number) if key in IN_WORDS else f"{last} {number}"
    if key in schema.Attribute.INPUTS:
        return f"{schema.Attribute.INPUTS[key]} {value[:8]}"
    if key == "method.personal":
        return "alone" if value == "*" else f"{value} personal" if value else "all shared"
    if key.startswith(("data.", "model.")):
        return str(value).rpartition("/")[2].rpartition(".")[0] or str(value)
    return str(value)
