"""Spark's own learners, trained and asked where the rows are."""
