"""The names in a results file that the analysis reads, once: src/results/schema.hpp has them all."""

FILETYPE = "fedorbit-results"
MAJOR = 6  # of the file's version; none but this can be read

FILE = "results.h5"
UNFINISHED_FILE = "results.h5.part"
STUDY_FILE = "study.json"  # of a study's directory
FAILURE_FILE = "failure.txt"  # of a study's run that ended with an error


class Attribute:
    FILETYPE = "filetype"
    VERSION = "version"
    OPTIONS = "options"
    END = "end"
    KIND = "kind"
    RANKS = "ranks"  # at the beginning: a run may go on on another number
    SPLIT = "split_sha256"
    # Checksums of what a run read, and what that is.
    INPUTS = {"data_sha256": "data", "public_sha256": "public images", "downstream_data_sha256": "downstream data",
              "weights_sha256": "weights", "learner_weights_sha256": "weights of the learner", SPLIT: "splits",
              "availability_sha256": "traces of availability", "links_trace_sha256": "traces of links"}


class Kind:
    TIME = "time"
    TRANSPORT = "transport"


TESTED = ("test", "all")  # splits that what was judged is meant to be of where none is named


class Judged:
    """What was judged: (scope, task), or (scope, task, split) where the split is none of TESTED."""

    ZERO_SHOT = ("frozen", "zero-shot")
    PROBE = ("frozen", "probe")
    GLOBAL = ("global", "labelling")
    PERSONAL = ("personal", "labelling")
    TRAINED = ("trained", "labelling")
    UNSEEN = ("global", "labelling", "unseen")
    GLOBAL_PROBE = ("global", "probe")  # of the encoder that the server has
    GLOBAL_NEIGHBOURS = ("global", "neighbours")
    DOWNSTREAM_PROBE = ("global", "probe", "downstream")
    DOWNSTREAM_NEIGHBOURS = ("global", "neighbours", "downstream")
    PERSONAL_PROBE = ("personal", "probe")  # of clients' own encoders, each asked about all images
    PERSONAL_NEIGHBOURS = ("personal", "neighbours")


DOWNSTREAM = "downstream"  # the split of another data set than the run's


def few_shot(scope, shots):
    """The task of few labelled images a class."""
    return (scope, f"{shots}-shot")


def name(judged):
    """A scope stands for labelling, a task for what nobody trained, both for what else was done with what was."""
    scope, task, *split = judged
    return " ".join([*((task,) if scope == "frozen" else (scope,) if task == "labelling" else (scope, task)), *split])


ACCURACY = "accuracy"  # of the metrics


class Rounds:
    GROUP = "/rounds"
    ROUND = "round"
    LOSS = "loss"
    UPLOAD = "upload_bytes"
    DOWNLOAD = "download_bytes"
    TOTAL = "total_seconds"


class Domains:
    GROUP = "/domains"
    DOMAIN = "domain"
    NAME = "name"


class Clients:
    GROUP = "/clients"
    CLIENT = "client"
    TRAIN = "train_samples"
    VALIDATION = "validation_samples"
    TEST = "test_samples"
    UNSEEN = "unseen_samples"
    DOMAIN = "domain"
    SEVERAL = -1  # the domain of a client whose images are of several


class Classes:
    GROUP = "/classes"
    CLASS = "class"
    NAME = "name"


class Turns:
    GROUP = "/turns"
    ROUND = "round"
    CLIENT = "client"
    STEPS = "steps"
    UPLOAD = "upload_bytes"
    DOWNLOAD = "download_bytes"
    SECONDS = "seconds"


class Scores:
    GROUP = "/scores"
    ROUNDS_DONE = "rounds_done"
    SCOPE = "scope"
    SPLIT = "split"
    CLIENT = "client"
    DOMAIN = "domain"
    CLASS = "class"
    TASK = "task"
    METRIC = "metric"
    VALUE = "value"
    ANY = -1  # the client, domain or class of a score that is of all of them


class Selections:
    GROUP = "/selections"
    ROUNDS_DONE = "rounds_done"
    ACCURACY = "accuracy"


class Templates:
    GROUP = "/templates"
    SET = "set"
    CORRECT = "correct"
    TOTAL = "total"


BEFORE_ROUNDS = -1  # the round of what a run was set up with
TRAINING, EVALUATION = "training", "evaluation"  # of the phases


class Phases:
    GROUP = "/phases"
    ROUND = "round"
    PHASE = "phase"
    RANK = "rank"
    SECONDS = "seconds"


COUNTED = "counted"  # of the outcomes


class VirtualTurns:
    GROUP = "/virtual_turns"
    ROUND = "round"
    CLIENT = "client"
    START = "start_seconds"
    OUTCOME = "outcome"
    BYTES = "download_bytes"
    DOWNLOAD_WAITING = "download_waiting_seconds"
    DOWNLOAD = "download_seconds"
    TRAINING = "training_seconds"
    UPLOAD_WAITING = "upload_waiting_seconds"
    UPLOAD = "upload_seconds"


class VirtualRounds:
    GROUP = "/virtual_rounds"
    ROUND = "round"
    START = "start_seconds"
    SECONDS = "seconds"
    SLOWEST = "slowest_client"


class Transport:
    GROUP = "/transport"
    ROUND = "round"
    PHASE = "phase"
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


class Bandwidths:
    GROUP = "/bandwidths"
    COLLECTIVE = "collective"
    TYPE = "type"
    PAYLOAD = "payload"
    BYTES = "bytes"
    CALLS = "calls"
    MEDIAN = "median_seconds"
    AGREEMENT = "agreement_seconds"
    BARE = "bare_seconds"
    ALGBW = "algbw"
    BUSBW = "busbw"
    WRONG = "wrong"


class LinkModels:
    GROUP = "/link_models"
    COLLECTIVE = "collective"
    TYPE = "type"
    LATENCY = "latency_seconds"
    RATE = "rate"
    ERROR = "relative_error"
