#!/bin/sh
# Holds man pages against mandoc's lint. Pages that they name need not be installed here.
command -v mandoc >/dev/null || { echo 'mandoc is missing: make deps-dev' >&2; exit 1; }
out=$(mandoc -T lint -W style "$@" 2>/dev/null | grep -v 'referenced manual not found')
[ -z "$out" ] || { echo "$out"; exit 1; }
