"""llama.cpp's parameters come and go with its releases; what is asked and missing is told."""

from __future__ import annotations

from types import SimpleNamespace

from lms_jupyter.engine.worker.main import _Parameters

ON_BOTH_RUNTIMES = True


class OldLlama:
    """A release with other names."""

    @staticmethod
    def CommonParams() -> SimpleNamespace:  # noqa: N802 - its own name
        return SimpleNamespace(n_ctx=0, webui=True)


def test_a_parameter_is_set_under_the_name_that_this_release_has() -> None:
    parameters = _Parameters(OldLlama())
    parameters.put("n_ctx", 512)
    parameters.put("ui", False, "webui")
    assert vars(parameters.native) == {"n_ctx": 512, "webui": False}
    assert parameters.refused == []


def test_what_can_be_done_without_is_noted_and_the_rest_keeps_a_model_from_loading() -> None:
    parameters = _Parameters(OldLlama())
    parameters.put("warmup", False)
    parameters.put("api_keys", ["secret"])
    parameters.put("load_mtp", True)
    assert parameters.refused == ["warmup", "api_keys", "load_mtp"]
    assert parameters.missing == ["api_keys", "load_mtp"]
