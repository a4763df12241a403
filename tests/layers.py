#!/usr/bin/env python3
"""Checks that includes follow the layers that src/CMakeLists.txt draws.

A source below src/LAYER may include headers of its own layer and of those it uses, directly or through others; jobs/
and tests/ may include all. Libraries that must stay behind one layer, and the preprocessor's conditions, are held in
their places too, and a class is defined in one header only: the linker would take either for both. Prints each
violation with its file and line; ends with 1 if there is one.
"""
import pathlib
import re
import sys
import tempfile

# header -> where it may be included, as a prefix of the path from the project's root
KEPT_IN = {
    "spdlog/": ("src/core/log.cpp",),
    "mpi.h": ("src/comm/",),
    "nccl.h": ("src/comm/",),
    "hdf5.h": ("src/io/",),
    "hdf5_hl.h": ("src/io/",),
    "gdal": ("src/io/",),
    "ogr": ("src/io/",),
    "cpl_": ("src/io/",),
    "gtest/": (),
    "gmock/": (),
}
CONDITIONS_IN = ("src/comm/factory.cpp",)

PICTURE = re.compile(r"^\s*fedorbit_layer\(\s*(\w+)(?:\s+USES\s+([\w\s]+))?\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.MULTILINE)
CLASS = re.compile(r"^(?:struct|class) (\w+)(?: final)?(?: :[^:;][^;{]*)? \{", re.MULTILINE)
CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else)\b")


def visible_layers(picture):
    """Layer -> the set of layers whose headers it may include."""
    visible = {}
    for name, uses in PICTURE.findall(picture):
        visible[name] = {name}
        for lower in uses.split():
            if lower not in visible:
                sys.exit(f"layers: src/CMakeLists.txt lets {name} use {lower}, which stands above it or nowhere.")
            visible[name] |= visible[lower]
    return visible


def violations(root):
    """Every broken rule below `root`, as a sentence that starts with file and line."""
    visible = visible_layers((root / "src/CMakeLists.txt").read_text())
    if not visible:
        yield "src/CMakeLists.txt: no fedorbit_layer(...) was found"
    defined = {}
    files = sorted(p for folder in ("src", "jobs") for p in (root / folder).rglob("*") if p.suffix in (".cpp", ".hpp", ".cu", ".cuh"))
    for path in files:
        place = path.relative_to(root).as_posix()
        layer = place.split("/")[1] if place.startswith("src/") else None
        if layer is not None and layer not in visible:
            yield f"{place}: the folder {layer} is no layer of src/CMakeLists.txt"
            continue
        if path.suffix == ".hpp":
            namespace = NAMESPACE.search(path.read_text())
            for name in CLASS.findall(path.read_text()):
                other = defined.setdefault((namespace and namespace[1], name), place)
                if other != place:
                    yield f"{place}: {name} is defined in {other} too"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{place}:{number}"
            if CONDITION.match(line) and place not in CONDITIONS_IN:
                yield f"{where}: a preprocessor condition outside {CONDITIONS_IN[0]}"
            include = INCLUDE.match(line)
            if not include:
                continue
            quoted, header = include[1] == '"', include[2]
            for kept, places in KEPT_IN.items():
                if header.startswith(kept) and not place.startswith(tuple(places)):
                    yield f"{where}: {header} belongs in {' or '.join(places) or 'tests/'}"
            if not quoted or layer is None and (root / "jobs" / pathlib.PurePath(header).name).exists():
                continue
            other = header.split("/")[0]
            if not (root / "src" / header).exists():
                yield f'{where}: "{header}" does not exist below src/, from where includes are written'
            elif layer is not None and other not in visible[layer]:
                yield f"{where}: {layer} must not see {other} ({header})"


def test_that_it_finds():
    """Plants one violation at a time in a small tree and expects exactly that one to be found."""
    sound = {
        "src/CMakeLists.txt": "fedorbit_layer(core)\nfedorbit_layer(io USES core)\nfedorbit_layer(comm USES core)\n"
                              "fedorbit_layer(data USES io)\n",
        "src/core/error.hpp": "#pragma once\n#include <string>\n",
        "src/core/log.cpp": "#include <spdlog/spdlog.h>\n",
        "src/core/once.hpp": "namespace fedorbit {\nstruct Once {\n};\n}\n",
        "src/io/file.hpp": '#include "core/error.hpp"\n#include <hdf5.h>\n',
        "src/comm/mpi.hpp": "#include <mpi.h>\n",
        "src/comm/factory.cpp": "#ifdef FEDORBIT_CUDA\n#endif\n",
        "src/data/set.hpp": '#include "io/file.hpp"\n#include "core/error.hpp"\n',
        "jobs/commands.hpp": "#pragma once\n",
        "jobs/run.cpp": '#include "jobs/commands.hpp"\n#include "comm/mpi.hpp"\n#include "data/set.hpp"\n',
    }
    planted = {
        "src/core/up.hpp": '#include "io/file.hpp"\n',            # climbs
        "src/data/across.cpp": '  #  include "comm/mpi.hpp"\n',   # crosses
        "src/io/log.cpp": "#include <spdlog/sinks/sink.h>\n",
        "src/data/mpi.cpp": "#include <mpi.h>\n",
        "jobs/mpi.cpp": '#include "mpi.h"\n',
        "src/comm/file.cpp": "#include <hdf5.h>\n",
        "src/core/switch.cpp": "#if defined(FEDORBIT_CUDA)\n#endif\n",
        "src/comm/missing.cpp": '#include "gone.hpp"\n',
        "src/stray/thing.cpp": "\n",
        "jobs/test.cpp": "#include <gtest/gtest.h>\n",
        "src/io/twice.hpp": "namespace fedorbit {\nclass Once final : public Base {\n};\n}\n",
    }
    for place, content in [(None, None), *planted.items()]:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for file, lines in {**sound, **({place: content} if place else {})}.items():
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(lines)
            found = list(violations(root))
            if not place and found:
                sys.exit(f"layers: a sound tree was blamed: {found}")
            if place and not (found and all(sentence.startswith(place) for sentence in found)):
                sys.exit(f"layers: the violation planted in {place} was not found (found: {found})")


if __name__ == "__main__":
    test_that_it_finds()
    broken = list(violations(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(broken) or "every include follows the layers")
    sys.exit(1 if broken else 0)
