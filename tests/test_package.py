"""The package as a user installs it: in a clean venv, on a machine whose Node is too old."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import httpx
import psutil
import pytest

from lms_jupyter import __version__
from tests.readme import ROOT, commands

pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]

GIT = shutil.which("git") or "git"
MAKE = shutil.which("make") or "make"
NEEDED = (
    "lms_jupyter/widgets/static/panel.js",
    "lms_jupyter/widgets/static/live.js",
    "lms_jupyter/widgets/static/details.js",
    "lms_jupyter/widgets/static/panel.css",
    "lms_jupyter/notebooks/00-welcome.ipynb",
    "lms_jupyter/notebooks/09-engine-for-tests-and-ci.ipynb",
    "lms_jupyter/py.typed",
    "lms_jupyter/engine/models/lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf",
)
REPOSITORY = "https://git.example/somebody/lms_jupyter"
OLD_NODE = "#!/bin/sh\necho v18.20.4\n"
BROKEN_NPM = "#!/bin/sh\nexit 1\n"
TEST_OF_A_STRANGER = """
def test_it_answers(lms_client):
    llm = lms_client.llm.load_new_instance("tutor-1m", ttl=60)
    assert "small piece of text" in llm.respond("What is a token?").content

def test_nothing_is_left(lms_client, lms_engine):
    assert lms_engine.startswith("127.0.0.1:")
    assert lms_client.list_loaded_models() == []
"""
TALK = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic('load_ext', 'lms_jupyter')
llm = shell.run_line_magic('lms', 'load tutor-1m --ttl 60')
print('SAID:', llm.respond('What is a token?'))
shell.run_line_magic('lms', 'unload tutor-1m')
shell.run_line_magic('unload_ext', 'lms_jupyter')
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the checkout's own files, none of what was built in it."""
    checkout = tmp_path_factory.mktemp("checkout") / "lms_jupyter"
    listed = subprocess.run(
        [GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    return checkout


@pytest.fixture(scope="module")
def dist(checkout: Path) -> Path:
    """Build the source package, and the wheel from it, where Node is too old and npm fails."""
    tools = checkout.parent / "tools"
    tools.mkdir()
    for tool in ("sh", "env", "uname"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    for tool, script in (("node", OLD_NODE), ("npm", BROKEN_NPM)):
        (tools / tool).write_text(script)
        (tools / tool).chmod(0o755)
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", checkout.parent / "dist", checkout],
        check=True,
        env={**os.environ, "PATH": str(tools), "LMS_JUPYTER_REPOSITORY": REPOSITORY},
    )
    return checkout.parent / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Return the programs of a clean environment with the wheel, JupyterLab and pytest."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    what = (f"{wheel}[demo]", "pytest")
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *what], check=True)
    return folder / "bin"


def run(*command: object, where: Path) -> str:
    """Run a program of the clean environment outside the checkout."""
    told = subprocess.run(
        list(map(str, command)), cwd=where, check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout + told.stderr


def test_a_wheel_is_built_where_node_is_too_old(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert set(NEEDED) <= set(names)
    assert not [name for name in names if "node_modules" in name or name.startswith("js/")]
    assert not [name for name in names if "models/training" in name]
    assert wheel.stat().st_size < 6_000_000


def test_jupyterlabs_extension_is_in_the_wheel_once(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    entries = [name for name in names if "remoteEntry" in name]

    assert len(entries) == 1
    assert ".data/data/share/jupyter/labextensions/lms-jupyter/static/" in entries[0]
    (described,) = [n for n in names if n.endswith("labextensions/lms-jupyter/package.json")]
    assert json.loads(zipfile.ZipFile(wheel).read(described))["version"] == __version__


def test_the_package_index_will_take_both(dist: Path) -> None:
    told = run(*(sys.executable, "-m", "twine", "check", "--strict"), *dist.iterdir(), where=dist)

    assert told.count("PASSED") == 2


def test_the_page_of_the_package_index_has_no_link_that_leads_nowhere(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(archive.read(name).decode())
    page = metadata.get_payload()
    assert isinstance(page, str)

    links = re.findall(r'\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"', page)
    places = [place for pair in links for place in pair if place]

    assert [place for place in places if not place.startswith("https://")] == []
    assert any(p.startswith(f"{REPOSITORY}/raw/v{__version__}/.github/images/") for p in places)
    urls = metadata.get_all("Project-URL")
    assert urls is not None
    assert f"Source, {REPOSITORY}" in urls


def test_the_source_package_holds_all_that_its_tests_need(dist: Path) -> None:
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    needed = {"Makefile", "CHANGELOG.md", ".ci/test.py", "js/package-lock.json"}
    assert needed <= names
    assert {"tests/conftest.py", "notebooks/00-welcome.ipynb"} <= names
    assert "lms_jupyter/engine/models/training/corpus.py" in names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_the_installed_wheel_serves_a_model(venv: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.py").write_text(TALK)

    told = run(venv / "python", "talk.py", where=tmp_path)
    run(venv / "lms-jupyter", "engine", "--stop", where=tmp_path)

    assert f"Using Embedded engine {__version__}" in told
    assert "text" in told.partition("SAID: ")[2]


def test_the_installed_command_line_knows_what_it_is_and_brings_the_tutorials(
    venv: Path, tmp_path: Path
) -> None:
    assert run(venv / "lms-jupyter", "--version", where=tmp_path) == f"lms-jupyter {__version__}\n"
    assert "Begin with 00-welcome.ipynb" in run(
        *(venv / "lms-jupyter", "tutorials", "mine"), where=tmp_path
    )
    findings = json.loads(run(venv / "lms-jupyter", "doctor", "--json", where=tmp_path))
    assert [finding for finding in findings if finding["state"] == "bad"] == []


def test_jupyter_finds_both_extensions_of_the_wheel(venv: Path, tmp_path: Path) -> None:
    lab = run(venv / "jupyter", "labextension", "list", where=tmp_path)
    server = run(venv / "jupyter", "server", "extension", "list", where=tmp_path)

    assert re.search(rf"lms-jupyter v{__version__} .*enabled.*OK", lab)
    assert re.search(r"lms_jupyter\.server.*enabled", server)


def test_the_fixtures_work_in_a_project_that_is_not_ours(venv: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TEST_OF_A_STRANGER)

    told = run(venv / "python", "-m", "pytest", "-q", "-W", "error", where=tmp_path)

    assert "2 passed" in told


def test_without_the_engine_the_doctor_says_how_to_get_one(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    bare = tmp_path / "venv" / "bin"
    run(bare / "python", "-m", "pip", "install", "-q", wheel, where=tmp_path)

    told = subprocess.run(
        [bare / "lms-jupyter", "doctor", "--json"], check=False, capture_output=True, text=True
    )

    findings = {finding["name"]: finding for finding in json.loads(told.stdout)}
    assert told.returncode == 1
    assert "the embedded engine lacks xllamacpp" in findings["Host"]["says"]
    assert "pip install 'lms-jupyter[engine]'" in findings["Host"]["advice"]


def test_what_the_readme_installs_can_be_installed(venv: Path, dist: Path, tmp_path: Path) -> None:
    lines = commands("pip")

    assert len(lines) == 2
    for words in lines:
        run(venv / "python", "-m", "pip", *words, "--find-links", dist, where=tmp_path)


def test_what_the_readme_types_in_a_terminal_works(venv: Path, tmp_path: Path) -> None:
    lines = commands("lms-jupyter")

    assert {words[0] for words in lines} == {"tutorials", "doctor"}
    for words in lines:
        run(venv / "lms-jupyter", *words, where=tmp_path)
    assert (tmp_path / "my-notebooks" / "00-welcome.ipynb").is_file()


def test_make_demo_in_a_fresh_checkout_opens_the_first_tutorial(checkout: Path) -> None:
    demo = subprocess.Popen(
        [MAKE, "demo", "ARGS=--no-browser --port 0"],
        cwd=checkout,
        env=os.environ | {"PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/lab/tree/00-welcome\.ipynb\S*", line):
                break
        else:
            raise AssertionError("".join(said))
        page = httpx.get(found[0], trust_env=False).text
        family = psutil.Process(demo.pid).children(recursive=True)
        os.killpg(demo.pid, signal.SIGINT)
        _gone, alive = psutil.wait_procs(family, timeout=30)

    assert "apputils-extension:announcements" in page, "JupyterLab asks whether one wants news"
    assert len(family) >= 4, "lms-jupyter, the engine, its waiting child, and JupyterLab"
    assert alive == []


def test_the_version_stands_in_one_place_and_in_the_changelog() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    described = json.loads((ROOT / "js" / "package.json").read_text(encoding="utf-8"))

    heading = rf"^## {re.escape(__version__)} - \d{{4}}-\d\d-\d\d$"
    assert re.search(heading, changes, re.MULTILINE)
    assert "version" not in described
