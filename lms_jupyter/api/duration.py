"""Lengths of time as people write them; rules of a manager have them too."""

from lms_jupyter.manager.duration import format_duration, parse_duration, parse_ttl

__all__ = ["format_duration", "parse_duration", "parse_ttl"]
