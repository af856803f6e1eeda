"""Named load settings: where they are kept is for whoever makes the manager to say."""

from typing import Protocol

from lms_jupyter.protocol.models import PresetLoad, Profile


class ProfileShelf(Protocol):
    """A place for profiles. Its methods may take as long as a small file does."""

    def read(self) -> tuple[Profile, ...]:
        """Return every profile.

        Raises:
            CommandError: What is there makes no sense.
        """
        ...

    def presets(self) -> tuple[PresetLoad, ...]:
        """Return what LM Studio's presets say of loads."""
        ...

    def save(self, profile: Profile) -> None:
        """Keep a profile; one of the same name is replaced.

        Raises:
            CommandError: It cannot be kept there.
        """
        ...
