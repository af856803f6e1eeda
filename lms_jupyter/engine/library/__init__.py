"""Which models lie on the disk, and what their files say about them."""
