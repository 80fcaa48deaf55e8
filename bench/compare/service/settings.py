"""Sizes of the service: what each handler works, and how many may be in it."""

ROUNDS = 12_000
CONNECTIONS = 8
PARTNER = 0.006
