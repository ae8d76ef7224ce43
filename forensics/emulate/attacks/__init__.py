"""One file per attack family; a family is found by the presence of its file."""
