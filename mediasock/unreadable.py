"""Why a sound file cannot be read, in words for whoever named it."""

from __future__ import annotations

from pathlib import Path

import soundfile


def why(path: str | Path, error: Exception) -> str:
    """Say why, from what soundfile raised of this file.

    Of a file that is not there or not ours to read libsndfile says nothing but "System error",
    so the system is asked.
    """
    if isinstance(error, soundfile.LibsndfileError):
        try:
            Path(path).open("rb").close()
        except OSError as refused:
            error = refused
    said = getattr(error, "strerror", None) or getattr(error, "error_string", None)
    return str(said or error).rstrip(".")
