"""One file per log format; a format is found by the presence of its file."""
