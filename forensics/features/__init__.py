"""Events to features: narrow tables at a declared grain. The folder is the grain, the file is the feature."""
