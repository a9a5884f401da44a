"""CSV to a Delta table by hand, with pyarrow and delta-rs. Usage: on_delta_rs.py SOURCE TARGET."""

from __future__ import annotations

import sys

from deltalake import write_deltalake
from pyarrow import csv

source, target = sys.argv[1:]
write_deltalake(target, csv.open_csv(source), mode="overwrite")
