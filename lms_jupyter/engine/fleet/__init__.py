"""Other engines as devices of this one: the gateway of a fleet."""
