"""Items to lineages: which query is a near copy of an earlier one, and what changed from one to the other."""
