"""May this candidate go to production? The language of gates, scoring again on one holdout, promotion."""
