"""Detectors that know nothing of attacks: who differs from the others, given how much they ask. Alone they stay at low severity."""
