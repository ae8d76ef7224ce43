"""Setting up, running every night, and looking after an installation."""
