"""The links, the schedule and the messages of a federation in a line, from a run's options."""

from .words import counted

OF_CLIENTS = {"download_rate": "{} Mbit/s down", "upload_rate": "{} Mbit/s up", "latency": "latency {} s",
              "spread": "spread {}"}
OF_ALL = {"jitter": "jitter {} s", "loss": "loss {}", "server_rate": "the server's link {} Mbit/s",
          "contact_period": "a contact every {} s", "contact_seconds": "contacts of {} s"}
NAMES = ("availability", "availability_period", "invited", "deadline", "dropout", "buffer", "window", "concurrency")
NONE = {"server_rate": None, "contact_period": "always in contact", "contact_seconds": None}  # what 0 says


def _links(options):
    """What was said; all else is the profile's. A trace has the links of each client."""
    if not options.get("links.step_seconds"):
        return None
    profile, trace = options["links.profile"], options.get("links.trace")
    parts = [f"trace {trace}, all else of {profile}" if trace else profile]
    for name, words in (OF_ALL if trace else OF_CLIENTS | OF_ALL).items():
        value = options.get(f"links.{name}", -1)
        said = NONE.get(name, words.format("0")) if value == 0 else words.format(f"{value:g}") if value > 0 else None
        parts += [said] if said else []
    parts.append(f"{options['links.step_seconds']:g} s a local step")
    if options.get("links.speed_spread"):
        parts.append(f"speeds spread by {options['links.speed_spread']:g}")
    return f"links: {', '.join(parts)}"


def _schedule(options):
    if "schedule.kind" not in options:
        return None
    of = dict.fromkeys(NAMES, 0) | {key.removeprefix("schedule."): value for key, value in options.items()
                                    if key.startswith("schedule.")}
    step = {"buffer": f"buffer, a step with {counted(of['buffer'], 'report')}",
            "window": f"window, a step every {of['window']:g} s"}
    parts = [step.get(of["kind"], of["kind"])]
    if of["availability"]:
        every = f", again every {of['availability_period']:g} s" if of["availability_period"] else ""
        parts.append(f"clients there as in {of['availability']}{every}")
    if of["invited"] > 1:
        parts.append(f"{of['invited']:g} times as many invited as are waited for")
    others = {"deadline": "deadline {} s", "dropout": "dropout {}", "concurrency": "{} in training at once"}
    parts += [words.format(f"{of[name]:g}") for name, words in others.items() if of[name]]
    return f"schedule: {', '.join(parts)}"


def _message(options, way):
    codec = options[f"{way}.codec"]
    own = f"{way}.{codec}."
    parts = [f"{key.removeprefix(own).replace('_', ' ')} {value}" for key, value in options.items() if key.startswith(own)]
    if options.get(f"{way}.zstd"):
        parts.append(f"zstd {options[f'{way}.zstd']}")
    return codec + (f" ({', '.join(parts)})" if parts else "")


def _codecs(options):
    if "upload.codec" not in options:
        return None
    return f"messages: {_message(options, 'upload')} up, {_message(options, 'download')} down"


def line(options):
    """ "links: mobile, 2 s a local step · schedule: rounds, deadline 5 s · messages: float32 up, float32 down"."""
    return " · ".join(part for of in (_links, _schedule, _codecs) if (part := of(options)))
