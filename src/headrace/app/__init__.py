"""Use cases: what the command line and notebooks ask for. Plain functions, frozen answers."""
