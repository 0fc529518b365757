"""Who lives where, for every interop test."""

REGION = "eu-central-1"
PASSWORDS = {"alice": "Correct-Horse-1", "bob": "Battery-Staple-2"}
BUILDINGS = {"alice": "1", "bob": "2"}
