"""The verbs of `%lms`, a family in each module: what they are called, and what they ask for."""
