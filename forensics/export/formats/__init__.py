"""One file per export format; found by its presence."""
