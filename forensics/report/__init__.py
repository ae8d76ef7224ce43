"""The HTML report: one self-contained file, for whoever is on call."""
