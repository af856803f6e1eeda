"""What the doctor says of each thing it looks at, when it is good and when it is not."""

import socket
from pathlib import Path

import pytest

from lms_jupyter.doctor import connection, jupyter, machine, software
from lms_jupyter.doctor.finding import CheckContext
from lms_jupyter.hosts.rest import Greeting

GIB = 2**30
RUNNING = Greeting(address="127.0.0.1:41343", package="lms", version="0.1.0", features=())


@pytest.mark.parametrize(
    ("kernel", "lab", "notebook", "state", "words"),
    [
        ("7.1.0", "4.4.0", None, "good", "JupyterLab 4.4.0"),
        ("7.4.0", None, "7.5.0", "good", "Notebook 7.5.0"),
        (None, "4.4.0", None, "look", "no ipykernel"),
        ("7.0.1", "4.4.0", None, "bad", "would stand still"),
        ("6.29.5", "4.4.0", None, "look", "is the Jupyter Server's to carry out"),
        ("7.1.0", None, None, "look", "JupyterLab is not in this environment"),
        ("7.1.0", "4.2.7", None, "look", "With JupyterLab 4.2.7"),
    ],
)
def test_whether_clicks_work_during_a_cell_depends_on_three_versions(
    kernel: str | None, lab: str | None, notebook: str | None, state: str, words: str
) -> None:
    finding = software.about_clicks(kernel, lab, notebook)

    assert finding.state == state
    assert words in finding.says


def installed(folder: Path, name: str, version: str) -> None:
    told = folder / f"{name}-{version}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize(("version", "states"), [("1.5.0", ["good"]), ("1.4.1", ["good", "bad"])])
def test_an_sdk_that_is_too_old_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, states: list[str]
) -> None:
    installed(tmp_path, "lmstudio", version)
    monkeypatch.syspath_prepend(tmp_path)

    findings = list(software.versions(CheckContext(environ={})))

    assert [finding.state for finding in findings] == states
    assert f"lmstudio {version}" in findings[0].says


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ([(1234, "studio"), (41343, "nobody")], "good", "answers on 1234"),
        ([(1234, "nobody"), (41343, "nobody")], "good", "does not run here"),
        ([(1234, "other"), (41343, "nobody")], "look", "no LM Studio listens on 1234"),
    ],
)
def test_ports_are_judged_by_who_answers(
    said: list[tuple[int, str]], state: str, words: str
) -> None:
    finding = connection.about_ports(said)

    assert finding.state == state
    assert words in finding.says


@pytest.mark.parametrize(
    ("lacking", "library", "running", "state", "words"),
    [
        ([], "", None, "good", "Installed"),
        ([], "", RUNNING, "good", "Running at 127.0.0.1:41343"),
        (["xllamacpp"], "", None, "look", "lacks xllamacpp"),
        ([], "libgomp.so.1", None, "bad", "no libgomp.so.1"),
    ],
)
def test_the_engine_is_there_or_the_doctor_knows_what_it_lacks(
    lacking: list[str], library: str, running: Greeting | None, state: str, words: str
) -> None:
    finding = machine.about_engine(lacking, library, running)

    assert finding.state == state
    assert words in finding.says
    assert ("libgomp1" in finding.advice) == bool(library)


def test_a_library_that_a_slim_system_lacks_is_named() -> None:
    said = "libgomp.so.1: cannot open shared object file: No such file or directory"

    assert machine.missing_library(f"raise ImportError({said!r})") == "libgomp.so.1"
    assert machine.missing_library() == ""


def test_folders_that_cannot_be_written_are_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = CheckContext(environ={"HOME": str(tmp_path)})
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (fine,) = machine.models_folder(visit)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file" / "data"))

    (wrong,) = machine.models_folder(visit)

    assert fine.state == "good"
    assert wrong.state == "bad"
    assert str(tmp_path / "file") in wrong.says


@pytest.mark.parametrize(("free_bytes", "state"), [(50e9, "good"), (5e9, "look"), (0.5e9, "bad")])
def test_the_disk_is_judged_by_what_models_take(free_bytes: float, state: str) -> None:
    assert machine.about_disk(free_bytes, Path("/models")).state == state


@pytest.mark.parametrize(
    ("available_bytes", "state"), [(16 * GIB, "good"), (2 * GIB, "look"), (None, "good")]
)
def test_memory_is_judged_by_what_models_take(available_bytes: int | None, state: str) -> None:
    assert machine.about_memory(available_bytes).state == state


@pytest.mark.parametrize(
    ("anywidget", "of_lab", "state"),
    [("0.9.18", "3.0.15", "good"), (None, "3.0.15", "bad"), ("0.9.18", None, "bad")],
)
def test_the_widgets_part_in_jupyterlab_is_looked_at(
    anywidget: str | None, of_lab: str | None, state: str
) -> None:
    assert jupyter._widgets(anywidget, of_lab).state == state


def test_a_proxy_is_good_only_if_it_answers() -> None:
    (none,) = connection.proxies(CheckContext(environ={}))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = f"127.0.0.1:{listening.getsockname()[1]}"
        (one,) = connection.proxies(
            CheckContext(environ={"HTTPS_PROXY": f"http://me:secret@{place}"})
        )
    (gone,) = connection.proxies(CheckContext(environ={"HTTPS_PROXY": f"http://me:secret@{place}"}))

    assert (none.state, one.state, gone.state) == ("good", "good", "look")
    assert "HTTPS_PROXY: set, and answering" in one.says
    assert "Nothing answers where HTTPS_PROXY" in gone.says
    assert "secret" not in f"{one} {gone}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("socks5://127.0.0.1:9", "names a socks5 proxy"),
        ("gopher://h:1", "names a gopher proxy"),
        ("http://[", "is no address"),
        ("http://h:99999999", "is no address"),
        ("::::", "is no address"),
        ("http://", "is no address"),
        (" http://a b ", "is no address"),
        ("http://\u2028:1", "Nothing answers"),
        ("127.0.0.1:9", "Nothing answers"),
    ],
)
def test_what_is_no_proxy_that_could_be_used_is_pointed_out(text: str, says: str) -> None:
    (finding,) = connection.proxies(CheckContext(environ={"all_proxy": text}))

    assert finding.state == "look"
    assert f"all_proxy {says}" in finding.says or (
        says == "Nothing answers" and "Nothing answers where all_proxy" in finding.says
    )


def test_no_token_is_good_and_says_where_one_goes() -> None:
    (finding,) = connection.token(CheckContext(environ={}))

    assert finding.state == "good"
    assert "LMSTUDIO_API_TOKEN" in finding.says
