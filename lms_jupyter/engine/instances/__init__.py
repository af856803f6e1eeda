"""Loaded models: what there is, how it comes, how it goes, and what it takes."""
