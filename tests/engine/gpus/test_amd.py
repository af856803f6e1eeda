"""What Linux tells of AMD's GPUs, from a folder that looks like its own."""

from __future__ import annotations

from pathlib import Path

from lms_jupyter.engine.gpus.amd import Amd

GIB = 2**30


def _card(root: Path, name: str, bus_id: str, *, total: int, used: int) -> None:
    device = root / "devices" / bus_id
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text(f"{total}\n")
    (device / "mem_info_vram_used").write_text(f"{used}\n")
    card = root / "drm" / name
    card.mkdir(parents=True)
    (card / "device").symlink_to(device)


def _client(root: Path, pid: int, fd: int, said: str, target: str = "/dev/dri/renderD128") -> None:
    process = root / "proc" / str(pid)
    for folder in ("fd", "fdinfo"):
        (process / folder).mkdir(parents=True, exist_ok=True)
    (process / "fd" / str(fd)).symlink_to(target)
    (process / "fdinfo" / str(fd)).write_text(said)


def _said(bus_id: str, client: int, kib: int, driver: str = "amdgpu") -> str:
    return (
        f"pos:\t0\ndrm-driver:\t{driver}\ndrm-pdev:\t{bus_id}\ndrm-client-id:\t{client}\n"
        f"drm-memory-vram:\t{kib} KiB\n"
    )


def test_memory_and_holders_are_told_and_no_client_counts_twice(tmp_path: Path) -> None:
    _card(tmp_path, "card0", "0000:03:00.0", total=16 * GIB, used=5 * GIB)
    _client(tmp_path, 40, 7, _said("0000:03:00.0", 1, 2**20))
    _client(tmp_path, 40, 8, _said("0000:03:00.0", 1, 2**20))
    _client(tmp_path, 40, 9, _said("0000:03:00.0", 2, 2**19))
    _client(tmp_path, 41, 3, _said("0000:03:00.0", 3, 2**10, driver="i915"))
    _client(tmp_path, 42, 3, "pos:\t0\n", target="/dev/null")

    (reading,) = Amd(tmp_path / "drm", tmp_path / "proc").read()

    assert reading.bus_id == "0000:03:00.0"
    assert (reading.total_bytes, reading.free_bytes) == (16 * GIB, 11 * GIB)
    assert reading.by_process == {40: GIB + GIB // 2}


def test_a_card_without_memory_of_its_own_or_that_is_gone_is_left_out(tmp_path: Path) -> None:
    _card(tmp_path, "card0", "0000:03:00.0", total=0, used=0)
    _card(tmp_path, "card1", "0000:04:00.0", total=GIB, used=0)
    (tmp_path / "devices/0000:04:00.0/mem_info_vram_used").unlink()
    (tmp_path / "drm/card2").mkdir()

    assert Amd(tmp_path / "drm", tmp_path / "proc").read() == ()


def test_without_a_card_nothing_is_told(tmp_path: Path) -> None:
    assert Amd(tmp_path / "drm", tmp_path / "proc").read() == ()
