"""LM Studio's formats, as documented: translation only, no state and no sockets."""
