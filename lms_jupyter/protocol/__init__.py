"""What Python and TypeScript say to each other."""
