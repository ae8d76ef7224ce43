"""Findings to incidents: correlate, continue what is known, rank."""
