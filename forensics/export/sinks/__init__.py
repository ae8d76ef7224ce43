"""One file per kind of sink; found by its presence."""
