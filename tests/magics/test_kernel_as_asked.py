"""A real kernel on an LM Studio: what was named is what is loaded, or the line says what came."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import load_schema
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel
from tests.magics.test_kernel_old_host import KEY, environment

FITS = "llm.load.llama.autoFit"


class Fitting:
    """What a host says that fits models to its memory, whatever it is told."""

    context_length: int | None = None
    """`None`: it gives what is asked."""

    def __call__(self, endpoint: str, told: Any) -> Any:
        """Change what the host says of an instance and of its settings."""
        if self.context_length is None:
            return told
        if endpoint == "loadModel" and told.get("type") == "success":
            return told | {"info": told["info"] | {"contextLength": self.context_length}}
        if endpoint == "getLoadConfig":
            fields = [
                {"key": "llm.load.contextLength", "value": self.context_length},
                {"key": FITS, "value": True},
            ]
            return told | {"result": {"fields": fields}}
        return told


@pytest.fixture
def fitting() -> Fitting:
    return Fitting()


@pytest.fixture
def studio(fitting: Fitting) -> Iterator[Studio]:
    with Studio(twist=fitting) as studio:
        yield studio


@pytest.fixture
def kernel(studio: Studio, tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(environment(tmp_path, studio), str(tmp_path)) as kernel:
        assert kernel.run("%load_ext lms_jupyter").error == ""
        yield kernel


def _told(studio: Studio) -> dict[str, Any]:
    stack = studio.parameters[-1]["loadConfigStack"]
    assert load_schema.wrong(stack, "llm") == []
    return {field["key"]: field["value"] for field in stack["layers"][0]["config"]["fields"]}


def test_a_context_that_is_named_is_loaded(kernel: Kernel, studio: Studio) -> None:
    said = kernel.run(f"%lms load {KEY} -c 8192").text

    assert "is loaded: 8,192 tokens" in said
    assert "Not as asked" not in said
    assert _told(studio) == {
        "llm.load.contextLength": 8192,
        FITS: False,
        "llm.load.mlx.autoFit": False,
        "llm.load.yuzu.autoFit": False,
    }


def test_a_host_that_fits_all_the_same_is_caught(
    kernel: Kernel, studio: Studio, fitting: Fitting
) -> None:
    fitting.context_length = 2048

    said = kernel.run(f"%lms load {KEY} -c 8192").text

    assert _told(studio)[FITS] is False
    assert "is loaded: 2,048 tokens" in said
    assert (
        "Not as asked: context_length is 2048, not 8192 "
        "(the host fitted it to its memory, autoFit)." in said
    )


def test_the_host_chooses_if_it_is_to(kernel: Kernel, studio: Studio) -> None:
    kernel.run(f"%lms load {KEY} --auto-fit --auto-fit-min-context 1024")

    told = _told(studio)
    assert (told[FITS], told["llm.load.autoFitMinContextLength"]) == (True, 1024)
    assert "llm.load.contextLength" not in told
    both = kernel.run(f"%lms load {KEY} --new --auto-fit -c 512")
    assert "With auto_fit the host chooses, and context_length is named" in both.error_text
    assert len(studio.parameters) == 1


def test_every_setting_reaches_the_host_as_its_schema_has_it(
    kernel: Kernel, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    line = (
        "--unified-kv --physical-batch 128 --context-checkpoints 2 --direct-io --cpu-threads 3 "
        "--prompt-template chat.jinja --reasoning-budget-message enough "
        "--speculative-draft-mtp-sidecar --speculative-draft-max-tokens 4"
    )

    assert kernel.run(f"%lms load {KEY} {line}").error == ""

    told = _told(studio)
    assert told["llm.load.promptTemplate"]["jinjaPromptTemplate"] == {"template": "{{ messages }}"}
    assert told["llm.load.llama.speculativeDecoding.draftMtpSidecar"] is True
    assert told["llm.load.llama.cpuThreadPoolSize"] == 3
