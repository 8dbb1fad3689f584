"""Scripts for what comes after the loaders, to be copied."""
