"""Stages of data, by what they do with it: bring it in, turn it into something else, write it."""

from . import destinations, origins, processors

__all__ = ["destinations", "origins", "processors"]
