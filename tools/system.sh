#!/usr/bin/env bash
# Installs what pip cannot give. Running it again changes nothing.
set -euo pipefail

java_version() { # the major version of the Java in the path, or 0
    java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1 | grep . || echo 0
}

wanted=()
[ "$(java_version)" -ge 17 ] || wanted+=("openjdk-17-jre-headless|openjdk-21-jre-headless") # Debian 13 has 21
command -v npm >/dev/null || wanted+=(npm)                                                  # the Azure emulator
command -v mvn >/dev/null || wanted+=(maven)                                                # HDFS
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || wanted+=(postgresql) # tables

if [ "${#wanted[@]}" = 0 ]; then
    echo "Everything is there: Java $(java_version), npm, Maven, PostgreSQL."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "Install ${wanted[*]} with this system's own tools; only apt-get is known here." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Installing ${wanted[*]} needs root: run as root, or install sudo." >&2; exit 1; }
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
for choice in "${wanted[@]}"; do
    for name in ${choice//|/ }; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            "${as_root[@]}" apt-get install -q -y --no-install-recommends "$name"
            continue 2
        fi
    done
    echo "apt-get does not offer ${choice//|/ or }." >&2
    exit 1
done
