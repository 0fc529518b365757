"""Measurements against peers, always in the same run: only ratios mean anything."""
