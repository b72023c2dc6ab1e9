"""Importing this makes the detectors ready: for the server that the processes are forked from."""

from __future__ import annotations

from .analysis import warm

warm()
