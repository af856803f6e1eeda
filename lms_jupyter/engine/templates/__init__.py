"""Chat templates that come from strangers: written in bounds, and watched while a model loads."""
