"""What is learned and how: splits, folds, learners, searches, metrics. Knows neither MLflow nor Spark."""
