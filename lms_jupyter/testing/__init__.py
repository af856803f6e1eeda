"""For tests of code that talks to models: a private engine, with pytest fixtures or without."""
