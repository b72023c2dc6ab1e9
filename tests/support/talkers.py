"""Small talkers: two-way processing that a test can check to the sample."""

import numpy as np


class Recalling:
    """Says a count, one sample a number, and keeps all that it hears; done after so many."""

    def __init__(self, samples=None):
        self.samples = samples
        self.heard = []
        self.at = 0

    def process(self, block):
        assert len(block)
        assert block.dtype == np.int16
        self.heard.append(block.copy())
        said = np.arange(self.at, self.at + len(block)) % 8000 + 1
        self.at += len(block)
        return said.astype(np.int16)

    @property
    def done(self):
        return self.samples is not None and self.at >= self.samples

    @property
    def all(self):
        return np.concatenate([np.zeros(0, np.int16), *self.heard])


class Negative:
    """Says what it hears, upside down."""

    done = False

    def process(self, block):
        return -block


class Failing:
    """Raises at its third block."""

    done = False

    def __init__(self, error=None):
        self.error = error or ValueError("the terminal is broken")
        self.blocks = 0

    def process(self, block):
        self.blocks += 1
        if self.blocks == 3:
            raise self.error
        return block


class Answering:
    """Gives one answer, whatever it hears."""

    done = False

    def __init__(self, answer):
        self.answer = answer

    def process(self, block):
        return self.answer
