"""The one base of every error that mediasock raises."""


class MediasockError(Exception):
    """Base class: ``except MediasockError`` catches all that mediasock itself raises."""
