"""Holds the tree against the house rules that no compiler knows. Run from anywhere; prints every problem, exits 1 if any.

Layers: a room includes only the rooms and libraries that layers.txt gives it, and no room sees another's private headers.
Sources: #pragma once and no `using namespace` in headers, lines of at most 140 columns.
All files: no path of the machine they were written on, no trailing white space.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_COLUMNS = 140
# Directories of system headers that hold a slash and belong to no library.
SYSTEM = ("sys/", "netinet/", "arpa/", "net/", "linux/", "sanitizer/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# A tree may lie right under these, and files may still name them.
COMMON_PLACES = ("/", "/etc", "/home", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/usr/local", "/usr/src", "/var",
                 "/var/tmp")
GENERATED = {"prox/version.h"}


class Layers:
    """The rules of layers.txt."""

    def __init__(self, path):
        self.uses = {}
        self.libraries = {}
        self._prefixes = {}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            line = line.split("#")[0].strip()
            if "=" in line:
                library, prefixes = line.split("=")
                self._prefixes[library.strip()] = tuple(prefixes.split())
            elif line:
                self._read_room(line, f"{path.name}:{number}")

    def _read_room(self, line, place):
        room, rooms, libraries = re.fullmatch(r"(\w+):\s*([\w* ]*?)\s*(?:\[(.*)\])?", line).groups()
        rooms = list(self.uses) if rooms == "*" else rooms.split()
        for other in rooms:
            if other not in self.uses:
                sys.exit(f"{place}: {room} uses {other}, which is not above it")
        self.uses[room] = {room, *rooms}
        self.libraries[room] = {"anywhere", *(libraries or "").split()}

    def library_of(self, header):
        """The library that a header belongs to; None for the system's."""
        for library, prefixes in self._prefixes.items():
            if header.startswith(prefixes):
                return library
        return "unknown" if "/" in header and not header.startswith(SYSTEM) else None


def files_of_the_tree():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        paths = [path for path in ROOT.rglob("*") if not {"build", ".git"} & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def room_of(path):
    """The room whose file this is, for files of src/ and include/prox/; else None."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("include", "prox") and len(parts) > 3:
        return parts[2]
    return None


def check_include(layers, path, room, quote, header):
    """What is wrong with one #include, or None."""
    if quote == "<":
        library = layers.library_of(header)
        if library == "unknown":
            return f"<{header}> belongs to no library of layers.txt (our own headers are included with quotes)"
        if library and library not in layers.libraries[room]:
            return f"room {room} may not use {library}"
        return None
    if header in GENERATED:
        return None
    if header.startswith("prox/"):
        other = header.split("/")[1]
        if not (ROOT / "include" / header).is_file():
            return f"there is no include/{header}"
        return None if other in layers.uses[room] else f"room {room} may not use room {other}"
    if path.is_relative_to(ROOT / "include"):
        return f"a public header includes the private {header}"
    if not (ROOT / "src" / header).is_file():
        return f"there is no src/{header} (private headers are included as room/file.h)"
    return None if header.split("/")[0] == room else f"{header} is private to its room"


def check_source(layers, path, lines):
    is_header = path.suffix == ".h"
    if is_header and "#pragma once" not in lines:
        yield 1, "no #pragma once"
    room = room_of(path)
    if room is not None and room not in layers.uses:
        yield 1, f"room {room} is not in layers.txt"
        room = None
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} columns, at most {MAX_COLUMNS}"
        if is_header and re.match(r"\s*using namespace", line):
            yield number, "`using namespace` in a header"
        include = INCLUDE.match(line)
        if include and room:
            problem = check_include(layers, path, room, *include.groups())
            if problem:
                yield number, problem


def machine_paths():
    """Matches paths that only this machine has: homes, where the tree lies, and what lies beside it."""
    patterns = [r"/(?:home|Users)/\w+", re.escape(str(ROOT)) + r"\b"]
    parent = ROOT.parent
    if str(parent) not in COMMON_PLACES and parent.name != "prox":
        patterns.append(r"(?<![\w.])" + re.escape(str(parent)) + r"(?![\w-])")
        beside = "|".join(re.escape(path.name) for path in parent.iterdir() if path != ROOT)
        if beside:
            patterns.append(r"(?<![\w./])(?:\.\./)+(?:" + beside + r")\b")
    return re.compile("|".join(patterns))


def check_text(machine, lines):
    for number, line in enumerate(lines, 1):
        if machine.search(line):
            yield number, "a path of this machine"
        if line != line.rstrip():
            yield number, "white space at the end"


def main():
    layers = Layers(ROOT / "t/lint/layers.txt")
    machine = machine_paths()
    problems = 0
    for path in files_of_the_tree():
        name = path.relative_to(ROOT)
        if name.is_relative_to("t/data"):
            continue
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            print(f"{name}:1: not UTF-8")
            problems += 1
            continue
        found = list(check_text(machine, lines))
        if path.suffix in (".cc", ".h"):
            found += check_source(layers, path, lines)
        for number, problem in sorted(found):
            print(f"{name}:{number}: {problem}")
        problems += len(found)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
