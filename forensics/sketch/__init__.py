"""Sketching of queries: keyed hashes, and what near copies share."""

SKETCH_VERSION = 1  # 1: 64 x 16-bit MinHash of three-word shingles
