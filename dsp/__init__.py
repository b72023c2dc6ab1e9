"""Telephone-line arithmetic: sound in, events out; sound out on request.

Nothing here opens a socket, starts a thread or knows what time it is. The only clock is the
sample clock, 8,000 samples a second.
"""
