"""Load settings that cannot be had: refused with the reason, never reported as if they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import lmstudio
import pytest

from lms_jupyter.engine.errors import UnsupportedError
from lms_jupyter.engine.instances.carried_out import order_for
from lms_jupyter.engine.instances.instance import Plan
from lms_jupyter.engine.instances.loader import _experts
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .conftest import EngineProcess


@pytest.mark.asyncio
async def test_of_the_experts_only_the_number_in_effect_is_accepted(models: Path) -> None:
    dense = await Catalog([models]).resolve("tiny-llm")
    metadata = dict(dense.header.metadata) | {"llama.expert_used_count": 2}
    mixed = replace(dense, header=replace(dense.header, metadata=metadata))

    assert _experts(LoadSettings(), dense) is None
    assert _experts(LoadSettings(), mixed) == 2
    assert _experts(LoadSettings(num_experts=2), mixed) == 2
    with pytest.raises(UnsupportedError, match=r"cannot be 4: 'tiny-llm' uses 2 of its experts"):
        _experts(LoadSettings(num_experts=4), mixed)


@pytest.mark.asyncio
async def test_a_runtime_that_can_change_the_number_of_experts_does(models: Path) -> None:
    dense = await Catalog([models]).resolve("tiny-llm")
    metadata = dict(dense.header.metadata)
    metadata |= {"llama.expert_used_count": 2, "llama.expert_count": 8}
    mixed = replace(dense, header=replace(dense.header, metadata=metadata))

    assert _experts(LoadSettings(num_experts=4), mixed, changeable=True) == 4
    assert _experts(LoadSettings(), mixed, changeable=True) == 2
    with pytest.raises(UnsupportedError, match=r"uses 2 of its experts at once, and has only 8\."):
        _experts(LoadSettings(num_experts=9), mixed, changeable=True)
    with pytest.raises(UnsupportedError, match="has no experts"):
        _experts(LoadSettings(num_experts=4), dense, changeable=True)
    plan = Plan(model=mixed, settings=LoadSettings(num_experts=4), identifier="m")
    order = order_for(plan)
    assert order.overrides == ("llama.expert_used_count=int:4",)
    assert order_for(replace(plan, settings=LoadSettings(num_experts=2))).overrides == ()


def test_experts_of_a_model_without_any_are_refused(
    client: lmstudio.Client, engine: EngineProcess
) -> None:
    with pytest.raises(lmstudio.LMStudioServerError, match="'tiny-llm' has no experts"):
        client.llm.load_new_instance("tiny-llm", config={"numExperts": 4})
    assert client.llm.load_new_instance("tiny-llm").get_load_config().num_experts is None
    body = {"model": "tiny-llm", "num_experts": 4}
    answer = httpx.post(f"http://{engine.address}/api/v1/models/load", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "not_implemented"


@pytest.mark.parametrize("side", ["K", "V"])
def test_a_cache_in_blocks_that_do_not_fit_the_heads_is_refused_with_both_numbers(
    client: lmstudio.Client, side: str
) -> None:
    told = r"Blocks of 32 values, as in a q8_0 cache, do not fit the heads of 16 of .*tiny-llm"
    with pytest.raises(lmstudio.LMStudioServerError, match=told):
        client.llm.load_new_instance(
            "tiny-llm", config={f"llama{side}CacheQuantizationType": "q8_0"}
        )
