"""Stages about models, one file each."""
