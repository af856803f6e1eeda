"""Builds of llama.cpp: which there are, what each can do, which one serves."""
