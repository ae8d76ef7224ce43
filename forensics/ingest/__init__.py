"""Raw logs to canonical events, items and vectors."""
