"""What clients can call: parse a request, ask the registry, format the answer."""
