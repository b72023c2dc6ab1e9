"""Fax modems: V.21 channel 2, V.27 ter, V.29 and V.17, each a module with both its ends.

Bits are turned into the sound of a call and back; what the bits mean is :mod:`dsp.fax`'s matter.
"""
