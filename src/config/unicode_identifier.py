#!/usr/bin/env python3
"""Writes the two tables of unicode_identifier.cc for the Unicode version that this Python knows.

Run it when a newer Unicode is wanted, put its output between the markers of that file, and format."""

import sys
import textwrap
import unicodedata

START = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"}
PART_ONLY = {"Mn", "Mc", "Nd", "Pc"}
JOINERS = {0x200C, 0x200D}


def ranges(wanted):
    first = None
    for code_point in range(0x80, sys.maxunicode + 2):
        inside = code_point <= sys.maxunicode and wanted(code_point)
        if inside and first is None:
            first = code_point
        elif not inside and first is not None:
            yield first, code_point - 1
            first = None


def table(name, wanted):
    rows = list(ranges(wanted))
    cells = ", ".join(f"{{0x{first:X},0x{last:X}}}" for first, last in rows)
    print(f"constexpr std::array<Range, {len(rows)}> {name} = {{{{")
    print(textwrap.fill(cells, width=100, initial_indent="    ", subsequent_indent="    "))
    print("}};\n")


print(f"// Unicode {unicodedata.unidata_version}, from U+0080 on.")
table("kStart", lambda c: unicodedata.category(chr(c)) in START)
table("kPartOnly", lambda c: c in JOINERS or unicodedata.category(chr(c)) in PART_ONLY)
