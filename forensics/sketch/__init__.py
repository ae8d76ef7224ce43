"""Sketching of queries: keyed hashes now; what similarity needs is added here."""

SKETCH_VERSION = 0  # 0: exact and skeleton hashes only, no similarity sketch yet
