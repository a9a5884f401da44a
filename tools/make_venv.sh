#!/usr/bin/env bash
# Makes a virtual environment in $1 with the first Python that fits; PYTHON=/path/to/python names one.
set -euo pipefail
folder=$1
fits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
seen=""
for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    command -v "$name" >/dev/null 2>&1 || continue
    version=$("$name" --version 2>/dev/null) || continue
    if "$name" -c "$fits" 2>/dev/null; then
        echo "Making $folder with $version ($(command -v "$name"))"
        "$name" -m venv "$folder"
        exit 0
    fi
    seen+="  $name is $version"$'\n'
done
{
    echo "Headrace needs Python 3.11, 3.12 or 3.13 with its venv module, and found none."
    printf '%s' "$seen"
    echo "Install one (Debian and Ubuntu: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python …"
} >&2
exit 1
