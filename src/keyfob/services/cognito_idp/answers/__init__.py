"""Answers to challenges, by what they prove."""
