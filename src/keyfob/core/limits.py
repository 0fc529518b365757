"""Bounds that more than one package keeps, each with its reason."""

MAX_BODY_BYTES = 1_048_576
"""Largest HTTP body read.

AWS's JSON services refuse far smaller ones; the largest legal answer-carrying input of
the services here is an IoT payload of 128 KB or a policy of some KB.
"""

MAX_CLOCK_SKEW_S = 300
"""How far a signature's date may be off: 5 minutes, as AWS documents for SigV4."""

MAX_PRESIGN_EXPIRY_S = 604_800
"""Longest life of a presigned URL: seven days, as AWS documents for SigV4 query signing."""

MAX_JSON_DEPTH = 64
"""Deepest nesting accepted in any JSON document a client sends."""
