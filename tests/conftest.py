"""What all tests share: one embedded session per process, quiet and small."""

from __future__ import annotations
