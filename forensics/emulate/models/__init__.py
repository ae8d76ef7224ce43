"""One file per model that is asked; trained when it is needed, on generated data only."""
