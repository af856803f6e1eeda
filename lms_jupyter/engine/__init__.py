"""The embedded engine: a small LM Studio-compatible server on llama.cpp.

It stands alone: it imports nothing else of this package, nothing else imports it, and the two meet
over a socket. Start it with ``python -m lms_jupyter.engine``; the first line of its standard output
says where it listens.
"""
