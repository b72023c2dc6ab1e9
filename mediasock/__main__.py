"""``python -m mediasock``."""

from .cli import main

main()
