"""Where `analysis/report` begins: before anything that jobs/setup installs is needed."""

import sys


def start():
    try:
        from .__main__ import main
    except ModuleNotFoundError as missing:
        print(f"analysis/report: {sys.executable} has no {missing.name}. jobs/setup installs what the analysis needs; "
              "it was not run yet, or with another HOME or XDG_CACHE_HOME than now.", file=sys.stderr)
        return 2
    return main()
