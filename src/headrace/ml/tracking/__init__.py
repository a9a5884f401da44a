"""Where trainings are kept: MLflow's store and registry, and the line to the process that speaks to it."""
