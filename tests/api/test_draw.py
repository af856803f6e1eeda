import json

import pytest
from msgspec.structs import replace

from lms_jupyter.api.draw import (
    draw_instances,
    draw_models,
    draw_status,
    draw_variants,
    instances_json,
    models_json,
    say_size,
)
from lms_jupyter.hosts.fake import FakeHost, fake_model
from lms_jupyter.protocol.models import Link
from lms_jupyter.protocol.slices import Activity

EMBED = fake_model(
    "nomic-embed",
    kind="embedding",
    size_bytes=84_106_624,
    params=None,
    architecture="nomic-bert",
)


def test_models_are_drawn_in_the_columns_of_the_cli() -> None:
    qwen = fake_model(variants=("a", "b"))
    instance = FakeHost(qwen).put(qwen)

    assert draw_models([EMBED, qwen], [instance, instance]).text() == "\n".join(
        [
            "2 models, 2.58 GB on disk.",
            "",
            "LLM                           PARAMS    ARCH     SIZE       DEVICE",
            "qwen/qwen3-4b (2 variants)    4B        qwen3    2.50 GB    Local     ✓ LOADED (2)",
            "",
            "EMBEDDING      PARAMS    ARCH          SIZE        DEVICE",
            "nomic-embed              Nomic BERT    84.11 MB    Local",
        ]
    )


def test_instances_are_drawn_in_the_columns_of_the_cli() -> None:
    host = FakeHost(fake_model(), EMBED, clock=lambda: 1000.0)
    chat = host.put(host.disk[0], identifier="chat", ttl_s=3600)
    embed = replace(host.put(EMBED), status="processing_prompt", context_length=2048)

    assert draw_instances([embed, chat], 1060.0, {chat.instance_reference: 4}).text() == "\n".join(
        [
            "2 models in memory.",
            "",
            "IDENTIFIER     MODEL            STATUS              SIZE        CONTEXT    PARALLEL"
            "    DEVICE    TTL",
            "chat           qwen/qwen3-4b    IDLE                2.50 GB     4096       4       "
            "    Local     59m / 1h",
            "nomic-embed    nomic-embed      PROCESSINGPROMPT    84.11 MB    2048       -       "
            "    Local",
        ]
    )


def test_variants_are_drawn_below_their_model_with_the_chosen_one_marked() -> None:
    keys = ("qwen/qwen3-4b@q4_k_m", "qwen/qwen3-4b@q8_0")
    qwen = fake_model(variants=keys, selected_variant=keys[0])
    variants = [replace(qwen, model_key=key) for key in keys]
    loaded = replace(FakeHost(qwen).put(qwen), model_key=keys[1])

    table = draw_variants([qwen, EMBED], {qwen.model_key: variants}, [loaded])

    assert table.text() == "\n".join(
        [
            "2 models, 2 variants.",
            "",
            "LLM                           PARAMS    ARCH     SIZE       DEVICE",
            "qwen/qwen3-4b (2 variants)    4B        qwen3    2.50 GB    Local     ✓ LOADED",
            "* qwen/qwen3-4b@q4_k_m        4B        qwen3    2.50 GB    Local",
            "  qwen/qwen3-4b@q8_0          4B        qwen3    2.50 GB    Local     ✓ LOADED",
            "",
            "EMBEDDING      PARAMS    ARCH          SIZE        DEVICE",
            "nomic-embed              Nomic BERT    84.11 MB    Local",
        ]
    )


@pytest.mark.parametrize("link", ["connected", "lost"])
def test_the_status_names_the_host_why_it_is_this_one_and_what_is_in_memory(link: Link) -> None:
    host = FakeHost(fake_model(), EMBED, clock=lambda: 1000.0)
    info = replace(host.info, name="LM Studio", version="0.4.9", address="127.0.0.1:1234")
    activity = Activity(epoch="e", now=1000.0, host=replace(info, link=link))

    assert draw_status(activity, "found running here").text() == (
        "LM Studio 0.4.9 at 127.0.0.1:1234 (found running here): nothing in memory."
    )
    loaded = replace(activity, instances=(host.put(EMBED), host.put(host.disk[0])))
    assert draw_status(loaded, "").text() == "\n".join(
        [
            "LM Studio 0.4.9 at 127.0.0.1:1234: 2 models in memory.",
            "",
            "IDENTIFIER       SIZE",
            "nomic-embed      84.11 MB",
            "qwen/qwen3-4b    2.50 GB",
        ]
    )


def test_nothing_to_list_is_said() -> None:
    assert draw_models([], []).text() == "There is no model on the disk of this host."
    assert draw_instances([], 0.0).text().startswith("Nothing is in memory. To load a model:")


def test_names_from_outside_are_escaped_in_html() -> None:
    evil = fake_model("<script>alert(1)</script>")

    assert "<script>" not in draw_models([evil], []).html()


def test_json_has_the_fields_of_the_cli_and_no_reference() -> None:
    host = FakeHost(fake_model(), clock=lambda: 1000.0)
    host.put(host.disk[0], ttl_s=60)

    (told,) = json.loads(instances_json(host.memory))
    assert (told["ttlMs"], told["lastUsedTime"], told["status"]) == (60_000, 1_000_000, "idle")
    assert "instanceReference" not in told
    assert [m["modelKey"] for m in json.loads(models_json([EMBED, fake_model()]))] == [
        "nomic-embed",
        "qwen/qwen3-4b",
    ]


def test_sizes_are_said_in_base_1000() -> None:
    assert [say_size(n) for n in (0, 999, 1_030_000, 4_920_000_000)] == [
        "0 B",
        "999 B",
        "1.03 MB",
        "4.92 GB",
    ]
