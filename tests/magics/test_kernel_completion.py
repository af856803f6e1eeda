from pathlib import Path

import pytest

from tests.engines import owner
from tests.suspending import suspend

from .kernels import Kernel


@pytest.fixture(scope="module", autouse=True)
def _warm(kernel: Kernel) -> None:
    kernel.run("%lms load tutor-1m --identifier chat")
    kernel.run("import pathlib; pathlib.Path('lms_profiles.toml').write_text('[fast]\\n')")
    kernel.run("a_schema = {}\nclass AClass:\n    def model_json_schema(): ...")
    kernel.complete("%lms lo")


@pytest.mark.parametrize(
    ("code", "some"),
    [
        ("%lms ", {"ls", "ps", "load", "unload", "panel", "help"}),
        ("%lms lo", {"load", "lock", "log"}),
        ("%lms load ", {"tutor-1m", "tutor-1m@q4_0", "text-embedding-tutor-embed", "chat"}),
        ("%lms load tutor-1m@", {"tutor-1m@f16", "tutor-1m@q4_0", "tutor-1m@q8_0"}),
        ("%lms load embed", {"text-embedding-tutor-embed"}),
        ("llm = %lms load text-e", {"text-embedding-tutor-embed"}),
        ("%lms load tutor-1m --con", {"--context-length", "--config"}),
        ("%lms load tutor-1m --kv-cache q", {"q8_0", "q4_0"}),
        ("%lms load tutor-1m --kv-cache=q", {"--kv-cache=q8_0", "--kv-cache=q4_0"}),
        ("%lms load tutor-1m --profile ", {"fast"}),
        ("%lms load tutor-1m --profile=f", {"--profile=fast"}),
        ("%%lms --json ", {"a_schema", "AClass"}),
        ("%lms chat --json=a_", {"--json=a_schema"}),
        ("%lms unload ", {"chat"}),
        ("%lms extend ch", {"chat"}),
        ("%lms host ", {"list", "start", "stop", "auto"}),
        ("%lms server st", {"start", "stop", "status"}),
        ("%lms help lo", {"load", "lock", "log"}),
        ("%%lms ", {"tutor-1m", "chat", "compare", "sweep"}),
        ("%%lms chat --temp", {"--temperature"}),
        ("%%lms compare tutor-1m tutor-1m-v", {"tutor-1m-vision"}),
        ("%%lms sweep tutor-1m con", {"context=["}),
    ],
)
def test_tab_knows_how_a_line_goes_on(kernel: Kernel, code: str, some: set[str]) -> None:
    assert some <= set(kernel.complete(code))


@pytest.mark.parametrize("code", ["imp", "x = 'a'; x.upp", "%%lms tutor-1m\nimp", "%matplo"])
def test_other_lines_are_left_to_ipython(kernel: Kernel, code: str) -> None:
    matches = kernel.complete(code)

    assert not {"ls", "tutor-1m", "chat"} & set(matches)


def test_a_prompt_is_no_magic(kernel: Kernel) -> None:
    assert "tutor-1m" not in kernel.complete("%%lms chat\n%lms load ")


def test_tab_answers_from_what_is_known_while_the_host_cannot(kernel: Kernel, engine: str) -> None:
    process = owner(engine)
    suspend(process)
    try:
        assert "tutor-1m" in kernel.complete("%lms load tutor")
    finally:
        process.resume()


def test_the_first_tab_of_a_kernel_offers_what_the_host_has(
    environ: dict[str, str], folder: Path
) -> None:
    with Kernel(environ, str(folder)) as kernel:
        kernel.run("%load_ext lms_jupyter")

        assert "tutor-1m" in kernel.complete("%lms load ")


def test_schemas_are_the_users_own(kernel: Kernel) -> None:
    assert not {"In", "Out", "_oh"} & set(kernel.complete("%%lms --json "))
