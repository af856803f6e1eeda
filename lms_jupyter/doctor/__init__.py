"""Looks at everything that a first cell needs, and says what to do about what is not right.

`lms-jupyter doctor` and `%lms doctor` are its two faces. Nothing is started and nothing changed.
"""
