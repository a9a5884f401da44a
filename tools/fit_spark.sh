#!/usr/bin/env bash
# Makes the PySpark in a virtual environment ($1: its Python) the one that the extras ($2) ask for: pip never
# removes the full pyspark, and pyspark and pyspark-client own the same files, so that removing one breaks the other.
set -euo pipefail
python=$1
case ",$2," in
    *,spark,*) exit 0 ;;
esac
pip=("$python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" show pyspark >/dev/null 2>&1 || exit 0
echo "Removing the full pyspark, which is not among the extras"
client=$("${pip[@]}" freeze | grep '^pyspark-client==')
"${pip[@]}" uninstall --yes pyspark
"${pip[@]}" install --force-reinstall --no-deps "$client"
