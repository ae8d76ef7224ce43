"""Incidents to the software of others: one file per format, one per sink, and the delivery between them."""
