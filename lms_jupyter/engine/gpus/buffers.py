"""How much memory llama.cpp itself says that it took on each device, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_LINE: Final = re.compile(
    r"\w+:\s+(?P<device>[A-Za-z]+\d+)\s+(?P<what>[\w ]*?)\s*buffer size\s*=\s*"
    r"(?P<mebibytes>[\d.]+) MiB"
)
"""`load_tensors:      Vulkan0 model buffer size =   120.50 MiB`. What lies in main memory has no
number: `CPU`, `Vulkan_Host`, `CPU_Mapped`."""


_CONTEXT: Final = "constructing llama_context"


class Buffers:
    """The buffers of one worker by device.

    A buffer for computing that is told again for the same context replaces the one before; of the
    others, there are several of one kind: the weights and caches of a draft model, a cache of
    windows.
    """

    def __init__(self) -> None:
        self._kept: dict[str, int] = {}
        self._computing: dict[tuple[int, str], int] = {}
        self._contexts = 0

    def note(self, line: str) -> None:
        """Take in one line that llama.cpp wrote."""
        self._contexts += _CONTEXT in line
        found = _LINE.search(line)
        if found is None:
            return
        device, size = found["device"], round(float(found["mebibytes"]) * 2**20)
        if found["what"].strip() == "compute":
            self._computing[self._contexts, device] = size
        else:
            self._kept[device] = self._kept.get(device, 0) + size

    @property
    def by_device(self) -> Mapping[str, int]:
        """Device → bytes, by llama.cpp's names."""
        total = dict(self._kept)
        for (_, device), size in self._computing.items():
            total[device] = total.get(device, 0) + size
        return MappingProxyType(total)
