"""One training, from frame to registered version."""
