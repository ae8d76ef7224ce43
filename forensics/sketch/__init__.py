"""Sketching of queries: keyed hashes, and what near copies share."""

SKETCH_VERSION = 2  # 1: MinHash of three-word shingles; 2: the 512 smallest of them, a MinHash of characters, skeletons and slots
