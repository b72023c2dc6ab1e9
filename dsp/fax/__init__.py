"""Fax: what T.30, T.4 and T.6 make of the bits that :mod:`dsp.modem` carries."""
