"""Which models a folder of files is: offered, named, found, and noticed when they change."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import gguf
import pytest

from lms_jupyter.engine.errors import AmbiguousNameError, PathNotFoundError
from lms_jupyter.engine.library.catalog import Catalog, DownloadedModel

from .synthetic import Shape, cut, write_embedding, write_llm, write_projector

Q8_0 = gguf.GGMLQuantizationType.Q8_0
F16 = gguf.GGMLQuantizationType.F16
Q4_0 = gguf.GGMLQuantizationType.Q4_0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A chat model in three quantisations and an embedding model."""
    repository = tmp_path / "lms-jupyter" / "Tutor-1M-GGUF"
    for quantization in (Q8_0, F16, Q4_0):
        file = repository / f"Tutor-1M-{quantization.name}.gguf"
        write_llm(file, name="Tutor", quantization=quantization, size_label="1M")
    write_embedding(tmp_path / "lms-jupyter" / "Embed-GGUF" / "Embed-F32.gguf")
    return tmp_path


async def keys(catalog: Catalog) -> list[str]:
    return [model.model_key for model in await catalog.models()]


async def only(catalog: Catalog) -> DownloadedModel:
    (model,) = await catalog.models()
    return model


@pytest.mark.asyncio
async def test_a_model_is_described_from_its_header_and_its_place(folder: Path) -> None:
    embedding, chat = await Catalog([folder]).models()

    assert chat.model_key == "tutor-1m"
    assert chat.type == "llm"
    assert chat.display_name == "Tutor"
    assert chat.publisher == "lms-jupyter"
    assert chat.path == "lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf"
    assert chat.file == folder / chat.path
    assert chat.size_bytes == chat.file.stat().st_size
    assert (chat.architecture, chat.params_string) == ("llama", "1M")
    assert (chat.quantization_name, chat.quantization_bits) == ("Q8_0", 8)
    assert chat.max_context_length == 2048
    assert (chat.vision, chat.trained_for_tool_use) == (False, True)
    assert chat.variants == ("tutor-1m@f16", "tutor-1m@q4_0", "tutor-1m@q8_0")
    assert chat.selected_variant == "tutor-1m@q8_0"
    assert (embedding.model_key, embedding.type) == ("text-embedding-embed", "embedding")
    assert (embedding.variants, embedding.selected_variant) == ((), None)


@pytest.mark.asyncio
async def test_variants_are_models_of_their_own(folder: Path) -> None:
    catalog = Catalog([folder])

    variants = await catalog.variants("tutor-1m")

    assert [v.model_key for v in variants] == ["tutor-1m@f16", "tutor-1m@q4_0", "tutor-1m@q8_0"]
    assert [v.selected_variant for v in variants] == [v.model_key for v in variants]
    assert [v.quantization_bits for v in variants] == [16, 4, 8]
    assert await catalog.variants("lms-jupyter/Tutor-1M-GGUF") == variants
    assert await catalog.variants("embed") == ()
    with pytest.raises(PathNotFoundError):
        await catalog.variants("nothing")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("tutor-1m", "tutor-1m"),
        (" Tutor-1M ", "tutor-1m"),
        ("lms-jupyter/tutor-1m", "tutor-1m"),
        ("tutor-1m@q4_0", "tutor-1m@q4_0"),
        ("lms-jupyter/tutor-1m@F16", "tutor-1m@f16"),
        ("lms-jupyter/tutor-1m-gguf", "tutor-1m"),
        ("lms-jupyter/Tutor-1M-GGUF/", "tutor-1m"),
        ("lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf", "tutor-1m"),
        ("lms-jupyter/tutor-1m-gguf/tutor-1m-f16.gguf", "tutor-1m@f16"),
        ("lms-jupyter/Tutor-1M-GGUF/Tutor-1M-F16", "tutor-1m@f16"),
        ("LMS-Jupyter\\Tutor-1M-GGUF\\Tutor-1M-F16.gguf", "tutor-1m@f16"),
        ("lms-jupyter/Tutor-1M-GGUF@F16", "tutor-1m@f16"),
        ("lms-jupyter/Tutor-1M-GGUF@q8_0", "tutor-1m@q8_0"),
        ("tutor-1m@q8_0", "tutor-1m@q8_0"),
        ("text-embedding-embed", "text-embedding-embed"),
        ("embed", "text-embedding-embed"),
        ("Embed@F32", "text-embedding-embed"),
        ("lms-jupyter/embed", "text-embedding-embed"),
        ("lms-jupyter/text-embedding-embed", "text-embedding-embed"),
        ("lms-jupyter/Embed-GGUF", "text-embedding-embed"),
    ],
)
async def test_a_model_is_found_by_key_variant_path_and_repository(
    folder: Path, query: str, key: str
) -> None:
    assert (await Catalog([folder]).resolve(query)).model_key == key


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["", "tutor", "lms-jupyter", "tutor-1m@q2_k", "../x", "a/b/c"])
async def test_what_fits_nothing_is_an_error_that_knows_the_keys(folder: Path, query: str) -> None:
    with pytest.raises(PathNotFoundError) as caught:
        await Catalog([folder]).resolve(query)

    assert caught.value.available == ["text-embedding-embed", "tutor-1m"]


@pytest.mark.asyncio
async def test_one_name_of_two_publishers_is_said_with_the_publisher(folder: Path) -> None:
    write_llm(folder / "Other" / "Tutor-1M-GGUF" / "Tutor-1M-Q8_0.gguf")
    catalog = Catalog([folder])

    assert await keys(catalog) == [
        "lms-jupyter/tutor-1m",
        "other/tutor-1m",
        "text-embedding-embed",
    ]
    by_key = await catalog.resolve("other/tutor-1m")
    by_variant = await catalog.resolve("lms-jupyter/tutor-1m@f16")
    assert by_key.publisher == "Other"
    assert by_variant.quantization_name == "F16"
    with pytest.raises(AmbiguousNameError) as caught:
        await catalog.resolve("tutor-1m")
    assert caught.value.candidates == ["lms-jupyter/tutor-1m", "other/tutor-1m"]


@pytest.mark.asyncio
async def test_two_models_in_one_repository_are_ambiguous_by_its_name(tmp_path: Path) -> None:
    write_llm(tmp_path / "a" / "pair" / "one.gguf")
    write_llm(tmp_path / "a" / "pair" / "two.gguf")

    with pytest.raises(AmbiguousNameError, match=r"'a/pair' can mean one, two"):
        await Catalog([tmp_path]).resolve("a/pair")


@pytest.mark.asyncio
async def test_an_embedding_key_of_two_publishers_has_its_prefix_after_the_publisher(
    folder: Path,
) -> None:
    write_embedding(folder / "other" / "Embed-GGUF" / "Embed-F32.gguf")
    catalog = Catalog([folder])

    found = [key for key in await keys(catalog) if "embed" in key]

    assert found == ["lms-jupyter/text-embedding-embed", "other/text-embedding-embed"]
    assert (await catalog.resolve("other/embed")).publisher == "other"


@pytest.mark.asyncio
async def test_a_chat_model_and_an_embedding_model_of_one_name_are_two_models(
    folder: Path,
) -> None:
    write_llm(folder / "lms-jupyter" / "Embed-Chat" / "Embed-Q8_0.gguf")
    catalog = Catalog([folder])

    assert (await catalog.resolve("embed")).type == "llm"
    assert (await catalog.resolve("embed", "embedding")).type == "embedding"
    assert (await catalog.resolve("text-embedding-embed")).type == "embedding"
    assert await catalog.variants("embed") == ()


@pytest.mark.asyncio
async def test_a_projector_makes_its_neighbours_see_and_is_not_listed(tmp_path: Path) -> None:
    chat = write_llm(tmp_path / "a" / "seer" / "seer-F16.gguf")
    projector = write_projector(tmp_path / "a" / "seer" / "mmproj-seer-F16.gguf")
    write_projector(tmp_path / "a" / "seer" / "mmproj-seer-Q8_0.gguf")

    model = await only(Catalog([tmp_path]))

    assert model.vision
    assert model.mmproj == projector
    assert model.size_bytes == chat.stat().st_size + projector.stat().st_size


@pytest.mark.asyncio
async def test_parts_are_one_model_and_only_if_all_are_there(tmp_path: Path) -> None:
    whole = write_llm(tmp_path / "whole.gguf")
    parts = tmp_path / "models" / "a" / "big"
    split_in_two(whole, parts)
    catalog = Catalog([tmp_path / "models"])

    model = await only(catalog)

    assert model.model_key == "big"
    assert model.file == parts / "big-Q8_0-00001-of-00002.gguf"
    assert model.size_bytes == sum(part.stat().st_size for part in parts.iterdir())
    assert model.header.tensors is not None
    assert model.header.tensors.elements == sum(
        int(tensor.n_elements) for tensor in gguf.GGUFReader(whole).tensors
    )

    (parts / "big-Q8_0-00002-of-00002.gguf").unlink()
    assert await catalog.models() == ()
    assert list((await catalog.refused()).values()) == [
        "big-Q8_0-00001-of-00002.gguf is one of 2 parts; 1 of them are missing."
    ]


def split_in_two(whole: Path, folder: Path) -> None:
    """Split a model as llama.cpp does: metadata in the first part, tensors in both."""
    folder.mkdir(parents=True)
    reader = gguf.GGUFReader(whole)
    half = len(reader.tensors) // 2
    for number, tensors in ((1, reader.tensors[:half]), (2, reader.tensors[half:])):
        part = folder / f"big-Q8_0-{number:05}-of-00002.gguf"
        writer = gguf.GGUFWriter(part, "llama")
        if number == 1:
            writer.add_context_length(2048)
            writer.add_tokenizer_model("gpt2")
        writer.add_uint16("split.no", number - 1)
        writer.add_uint16("split.count", 2)
        for tensor in tensors:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


@pytest.mark.asyncio
async def test_what_is_no_complete_model_is_not_offered(tmp_path: Path) -> None:
    repository = tmp_path / "a" / "b"
    good = write_llm(repository / "good.gguf")
    for suffix in ("gguf.part", "gguf.incomplete", "gguf.download", "bin"):
        shutil.copy(good, repository / f"temporary.{suffix}")
    cut(write_llm(repository / "half.gguf"), keep=0.6)
    (repository / "text.gguf").write_text("not a model")
    (repository / "empty.gguf").touch()
    (repository / "folder.gguf").mkdir()
    (repository / "dangling.gguf").symlink_to(tmp_path / "nowhere")
    os.mkfifo(repository / "pipe.gguf")
    write_llm(repository / ".hidden.gguf")
    adapter = gguf.GGUFWriter(repository / "adapter.gguf", "llama")
    adapter.add_type("adapter")
    adapter.write_header_to_file()
    adapter.write_kv_data_to_file()
    adapter.close()
    catalog = Catalog([tmp_path])

    assert await keys(catalog) == ["good"]
    refused = await catalog.refused()
    assert sorted(refused) == [
        "a/b/adapter.gguf",
        "a/b/empty.gguf",
        "a/b/half.gguf",
        "a/b/text.gguf",
    ]
    assert "half.gguf is not complete" in refused["a/b/half.gguf"]
    assert "of the type 'adapter'" in refused["a/b/adapter.gguf"]


@pytest.mark.asyncio
async def test_files_that_come_go_and_change_are_noticed(folder: Path) -> None:
    catalog = Catalog([folder])
    before = await catalog.models()

    new = write_llm(folder / "a" / "b" / "new.gguf", shape=Shape(context=512))
    assert "new" in await keys(catalog)

    write_llm(new, shape=Shape(context=1024, layers=1))
    assert (await catalog.resolve("new")).max_context_length == 1024

    new.unlink()
    assert await catalog.models() == before


@pytest.mark.asyncio
async def test_a_download_is_offered_once_it_is_whole(tmp_path: Path) -> None:
    data = write_llm(tmp_path / "source.bin").read_bytes()
    file = tmp_path / "models" / "growing.gguf"
    file.parent.mkdir()
    catalog = Catalog([file.parent])

    file.write_bytes(data[: len(data) // 2])
    assert await keys(catalog) == []

    file.write_bytes(data)
    assert await keys(catalog) == ["growing"]


@pytest.mark.asyncio
async def test_an_unchanged_folder_is_not_read_again(folder: Path) -> None:
    catalog = Catalog([folder])

    first = await catalog.models()
    second = await catalog.models()

    assert all(a is b for a, b in zip(first, second, strict=True))


@pytest.mark.asyncio
async def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    write_llm(tmp_path / "elsewhere" / "linked.gguf")
    models = tmp_path / "models"
    (models / "a").mkdir(parents=True)
    (models / "a" / "b").symlink_to(tmp_path / "elsewhere")
    (models / "a" / "again").symlink_to(models)
    (models / "a" / "file.gguf").symlink_to(tmp_path / "elsewhere" / "linked.gguf")

    assert await keys(Catalog([models])) == ["file", "linked"]


@pytest.mark.asyncio
async def test_the_earlier_folder_wins_and_a_missing_one_does_not_matter(tmp_path: Path) -> None:
    write_llm(tmp_path / "one" / "a" / "b" / "x.gguf", shape=Shape(context=512))
    write_llm(tmp_path / "two" / "a" / "b" / "x.gguf", shape=Shape(context=1024))
    folders = [tmp_path / "none", tmp_path / "one", tmp_path / "two"]

    model = await only(Catalog(folders))

    assert model.max_context_length == 512


@pytest.mark.asyncio
async def test_files_that_come_and_go_while_we_look_disturb_nothing(folder: Path) -> None:
    catalog = Catalog([folder])
    done = asyncio.Event()

    def churn() -> None:
        for number in range(60):
            repository = folder / "churn" / f"repository-{number % 3}"
            write_embedding(repository / f"x{number % 3}.gguf")
            shutil.rmtree(repository)

    async def look() -> int:
        looks = 0
        while not done.is_set():
            found = set(await keys(catalog))
            assert {"text-embedding-embed", "tutor-1m"} <= found
            looks += 1
        return looks

    looking = [asyncio.create_task(look()) for _ in range(3)]
    await asyncio.to_thread(churn)
    done.set()

    assert all(looks > 0 for looks in await asyncio.gather(*looking))
    assert await keys(catalog) == ["text-embedding-embed", "tutor-1m"]


@pytest.mark.asyncio
async def test_the_header_is_right_and_the_file_name_only_more_exact(tmp_path: Path) -> None:
    write_llm(tmp_path / "a" / "b" / "liar-Q4_K_M.gguf", quantization=Q8_0)
    write_llm(tmp_path / "a" / "b" / "exact-UD-Q8_K_XL.gguf", quantization=Q8_0)

    exact, liar = await Catalog([tmp_path]).models()

    assert (liar.quantization_name, liar.quantization_bits) == ("Q8_0", 8)
    assert (exact.quantization_name, exact.quantization_bits) == ("UD-Q8_K_XL", 8)
