"""What the engine tells of the machine that it runs on."""

import sys
from pathlib import Path

import pytest

from lms_jupyter.engine import machine

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has no such devices")


@pytest.mark.parametrize("device", ["nvidia0", "nvidia12", "kfd", "dxg", "dri/renderD128"])
def test_a_gpu_is_there_if_its_driver_shows_a_device(tmp_path: Path, device: str) -> None:
    (tmp_path / device).parent.mkdir(exist_ok=True)
    (tmp_path / device).touch()

    assert machine.has_gpu(tmp_path)


@pytest.mark.parametrize("device", ["nvidiactl", "dri/card0", "null"])
def test_a_driver_without_a_device_is_no_gpu(tmp_path: Path, device: str) -> None:
    (tmp_path / device).parent.mkdir(exist_ok=True)
    (tmp_path / device).touch()

    assert not machine.has_gpu(tmp_path)
