"""Downloads: what a source has, what is chosen of it, and how it comes to the disk."""
