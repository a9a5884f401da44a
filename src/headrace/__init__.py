"""Headrace takes a team from raw data to a model in production, and keeps it there."""
