"""One model's process: the engine's handle of it (`handle`), and its own program (`main`)."""
