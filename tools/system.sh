#!/usr/bin/env bash
# Installs what pip cannot give. Running it again changes nothing.
set -euo pipefail

java_version() { # the major version of the Java in the path, or 0
    java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1 | grep . || echo 0
}

if [ "$(java_version)" -ge 17 ]; then
    echo "Java $(java_version) is there."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "Install Java 17 or newer with this system's own tools (macOS: brew install openjdk@17); only apt-get is known here." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Installing Java needs root: run as root, or install sudo." >&2; exit 1; }
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
for version in 17 21; do # Debian 12 and Ubuntu have 17, Debian 13 has 21
    if apt-cache show "openjdk-$version-jre-headless" >/dev/null 2>&1; then
        "${as_root[@]}" apt-get install -q -y --no-install-recommends "openjdk-$version-jre-headless"
        echo "Java $(java_version) is there."
        exit 0
    fi
done
echo "apt-get offers neither openjdk-17-jre-headless nor openjdk-21-jre-headless." >&2
exit 1
