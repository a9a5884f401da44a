"""The process that imports MLflow and answers the run: ``python -m headrace.ml.tracker``."""
