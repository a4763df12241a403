"""The names in a results file that the analysis reads, once: src/results/schema.hpp has them all."""

FILETYPE = "fedorbit-results"
MAJOR = 3  # of the file's version; none but this can be read

FILE = "results.h5"
UNFINISHED_FILE = "results.h5.part"


class Attribute:
    FILETYPE = "filetype"
    VERSION = "version"
    OPTIONS = "options"
    END = "end"
    KIND = "kind"


class Kind:
    TIME = "time"
    TRANSPORT = "transport"


class Scope:
    FROZEN = "frozen"
    GLOBAL = "global"
    PERSONAL = "personal"
    UNTRAINED = "untrained"


class Task:
    LABELLING = "labelling"
    ZERO_SHOT = "zero-shot"
    PROBE = "probe"


ACCURACY = "accuracy"  # of the metrics


class Rounds:
    GROUP = "/rounds"
    ROUND = "round"
    UPLOAD = "upload_bytes"
    DOWNLOAD = "download_bytes"
    TRAINING = "training_seconds"
    WAITING = "waiting_seconds"
    TRANSFER = "transfer_seconds"
    EVALUATION = "evaluation_seconds"
    TOTAL = "total_seconds"


class Clients:
    GROUP = "/clients"
    CLIENT = "client"
    TRAIN = "train_samples"


class Turns:
    GROUP = "/turns"
    ROUND = "round"
    CLIENT = "client"
    UPLOAD = "upload_bytes"
    DOWNLOAD = "download_bytes"
    SECONDS = "seconds"


class Scores:
    GROUP = "/scores"
    ROUNDS_DONE = "rounds_done"
    SCOPE = "scope"
    CLIENT = "client"
    DOMAIN = "domain"
    CLASS = "class"
    TASK = "task"
    METRIC = "metric"
    VALUE = "value"
    ANY = -1  # the client, domain or class of a score that is of all of them


class Transport:
    GROUP = "/transport"
    RANK = "rank"
    COLLECTIVE = "collective"
    CALLS = "calls"
    BYTES = "bytes"
    WAITING = "waiting_seconds"
    TRANSFER = "transfer_seconds"


class Placement:
    GROUP = "/placement"
    ROUND = "round"
    CLIENT = "client"
    RANK = "rank"


class Events:
    GROUP = "/events"
    ROUND = "round"
    TIME = "time"
    KIND = "kind"
    MESSAGE = "message"
