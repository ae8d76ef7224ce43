"""Where partitions run. Results do not depend on it."""
