"""FreeSWITCH's event socket: control of calls, both ways round.

``outbound``: FreeSWITCH dials us for a call. ``inbound``: we dial FreeSWITCH. Under both lie the
same ``commands`` and ``events``, and a conversation without I/O (``protocol``, ``conversation``).
"""
