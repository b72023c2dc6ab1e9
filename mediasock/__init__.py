"""A media server beside FreeSWITCH: control of a call, its sound as numpy, events out."""
