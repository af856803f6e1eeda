"""What is true now, and the one place that changes it."""

from lms_jupyter.manager.manager import Collaborators, Manager

__all__ = ["Collaborators", "Manager"]
