"""Rows scored by a registered model: batch by batch on an engine, or a file without one."""
