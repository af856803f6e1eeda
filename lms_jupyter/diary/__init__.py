"""The memory diary: what was in memory when, for whom, and what it was asked; kept on the disk.

The engine writes it of itself, and kernels write what they see of an LM Studio. There are names and
figures in it, and no word of a prompt or an answer unless the user turns that on.
"""
