"""The names in a results file that the analysis reads, once: src/results/schema.hpp has them all."""

FILETYPE = "fedorbit-results"
MAJOR = 2  # of the file's version; a higher one cannot be read

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
    RANKS = "ranks"


class Kind:
    TIME = "time"
    TRANSPORT = "transport"


class View:
    ZERO_SHOT = "zero-shot"
    GLOBAL = "global"
    PERSONAL = "personal"
    PROBE = "probe"


class Rounds:
    GROUP = "/rounds"
    ROUND = "round"
    LOSS = "loss"
    UPLOAD = "upload_bytes"
    DOWNLOAD = "download_bytes"
    TRAINING = "training_seconds"
    WAITING = "waiting_seconds"
    TRANSFER = "transfer_seconds"
    EVALUATION = "evaluation_seconds"
    TOTAL = "total_seconds"


class Domains:
    GROUP = "/domains"
    DOMAIN = "domain"
    NAME = "name"


class Clients:
    GROUP = "/clients"
    CLIENT = "client"
    TRAIN = "train_samples"
    TEST = "test_samples"
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
    UPLOAD = "upload_bytes"
    DOWNLOAD = "download_bytes"
    SECONDS = "seconds"


class Evaluations:
    GROUP = "/evaluations"
    ROUNDS_DONE = "rounds_done"
    VIEW = "view"
    CLIENT = "client"
    CORRECT = "correct"
    TOTAL = "total"
    EVERYBODY = -1  # the client of a score on all test images


class ClassEvaluations:
    GROUP = "/class_evaluations"
    ROUNDS_DONE = "rounds_done"
    VIEW = "view"
    CLIENT = "client"
    CLASS = "class"
    CORRECT = "correct"
    TOTAL = "total"


class Templates:
    GROUP = "/templates"
    SET = "set"
    CORRECT = "correct"
    TOTAL = "total"


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
