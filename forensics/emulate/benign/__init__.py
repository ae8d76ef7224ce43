"""One file per kind of honest use; a kind is found by the presence of its file."""
