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
)
from lms_jupyter.api.sizes import format_size
from lms_jupyter.protocol.models import Link
from lms_jupyter.protocol.slices import Activity
from tests.hosts.fake import FakeHost, fake_model

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


def test_what_is_loaded_counts_on_its_own_device_alone() -> None:
    here, there = fake_model(), fake_model(device="gpu-box")
    host = FakeHost(here)
    instances = [host.put(here), host.put(there), host.put(there)]

    _, _, _, local, remote = draw_models([here, there], instances).text().splitlines()

    assert local.endswith("Local      ✓ LOADED")
    assert remote.endswith("gpu-box    ✓ LOADED (2)")


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
            "IDENTIFIER       SIZE        MEMORY",
            "nomic-embed      84.11 MB    -",
            "qwen/qwen3-4b    2.50 GB     -",
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


def test_json_tells_what_lms_tells_of_a_model_and_of_an_instance() -> None:
    model = fake_model(
        quantization="Q4_K_M", quantization_bits=4, indexed_model_identifier="q/w/e.gguf"
    )
    host = FakeHost(model)
    host.put(model)

    for (told,) in (json.loads(models_json([model])), json.loads(instances_json(host.memory))):
        assert told["quantization"] == {"name": "Q4_K_M", "bits": 4}
        assert told["indexedModelIdentifier"] == "q/w/e.gguf"
        assert (told["format"], told["publisher"]) == ("gguf", model.publisher)


def test_memory_stands_beside_the_size_of_the_file_where_the_host_tells_it() -> None:
    host = FakeHost(fake_model(), EMBED)
    told = replace(host.put(host.disk[0]), memory_bytes=3_300_000_000)
    silent = host.put(EMBED)

    heading, *rows = draw_instances([told, silent], 0.0).text().splitlines()[2:]

    assert heading.split()[3:5] == ["SIZE", "MEMORY"]
    assert "84.11 MB    -  " in rows[0]
    assert "2.50 GB     3.30 GB" in rows[1]
    assert "MEMORY" not in draw_instances([silent], 0.0).text()


def test_one_table_fits_80_columns_and_says_what_it_left_out() -> None:
    qwen = fake_model("qwen/qwen3-4b-instruct-2507")
    instance = replace(
        FakeHost(qwen, clock=lambda: 0.0).put(qwen, ttl_s=3600), memory_bytes=3_300_000_000
    )
    owner = {instance.instance_reference: "train-the-classifier.ipynb"}

    text = draw_instances([instance], 60.0, None, owner).text(80)

    assert max(map(len, text.splitlines())) <= 80
    assert "Left out at 80 columns: DEVICE, PARALLEL, SIZE." in text
    assert all(name in text for name in ("IDENTIFIER", "STATUS", "MEMORY", "59m / 1h", ".ipynb"))


def test_a_name_cannot_command_the_terminal_or_break_its_row() -> None:
    evil = fake_model("a\x1b[2J\x1b]0;title\x07\nb\u202ec\udcff")

    for text in (draw_models([evil], []).text(), draw_models([evil], []).html()):
        assert not {"\x1b", "\x07", "\u202e", "\udcff"} & set(text)
        assert r"a\x1b[2J\x1b]0;title\x07\nb\u202ec\udcff" in text


def test_sizes_are_said_in_base_1000_with_the_units_of_the_panel() -> None:
    sizes = (0, 999, 1_000, 999_994, 999_996, 1_030_000, 4_920_000_000, 3e15)
    assert [format_size(n) for n in sizes] == [
        *("0 B", "999 B", "1.00 kB", "999.99 kB", "1.00 MB"),
        *("1.03 MB", "4.92 GB", "3000.00 TB"),
    ]
