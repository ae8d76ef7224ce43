"""Features at the grain of client and model."""
