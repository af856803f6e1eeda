"""The longest context that is said to fit is the longest that really does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.instances.what_fits import longest
from lms_jupyter.engine.library.gguf import read_header
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .family_sizes import LOADABLE
from .synthetic_families import write_family
from .weighed_worker import resident_bytes

NEAR = 0.03
ROOM_BYTES = 250_000_000
HEAVY = {
    "llama": replace(LOADABLE["llama"], kv_heads=8),
    "deepseek2": replace(LOADABLE["deepseek2"], latent=1024, experts=4),
}
"""Much cache beside few weights, so that an error would be one of the context."""


@pytest.mark.asyncio
@pytest.mark.parametrize("family", HEAVY)
async def test_a_little_less_stays_within_the_room_and_a_little_more_does_not(
    tmp_path: Path, family: str
) -> None:
    file = write_family(tmp_path / "model.gguf", family, HEAVY[family])
    header = read_header(file)

    def settings(context: int) -> LoadSettings:
        return LoadSettings(context_length=context, context_checkpoints=0)

    found = longest(
        lambda context: estimate(header, settings(context)).total_bytes <= ROOM_BYTES, 131_072
    )
    shorter = await resident_bytes(file, settings(int(found * (1 - NEAR))), prompt=300)
    longer = await resident_bytes(file, settings(int(found * (1 + NEAR))), prompt=300)

    assert shorter <= ROOM_BYTES < longer
