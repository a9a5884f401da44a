"""Registered models as people ask for them: lists, versions, comparisons, MLflow's own page."""
