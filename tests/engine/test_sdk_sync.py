"""The official Python SDK, synchronous, against a real engine."""

from __future__ import annotations

import threading
import time

import lmstudio
import pytest
from lmstudio import LMStudioModelNotFoundError, LMStudioServerError

from tests.waiting import PATIENCE_S

from .conftest import EngineProcess


def test_the_sdk_takes_it_for_lm_studio(engine: EngineProcess) -> None:
    assert lmstudio.Client.is_valid_api_host(engine.address)


def test_downloaded_models_are_listed_with_what_their_headers_say(client: lmstudio.Client) -> None:
    listed = {model.model_key: model for model in client.list_downloaded_models()}
    assert set(listed) == {"tiny-llm", "big-llm", "text-embedding-tiny-embed", "odd-llm"}
    info = listed["tiny-llm"].info
    assert (info.type, info.architecture, info.max_context_length) == ("llm", "llama", 2048)
    assert info.trained_for_tool_use
    assert listed["text-embedding-tiny-embed"].type == "embedding"


def test_a_load_reports_progress_up_to_one_and_ends_in_an_instance(client: lmstudio.Client) -> None:
    seen: list[float] = []
    model = client.llm.load_new_instance("big-llm", "chat", on_load_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert [one.identifier for one in client.llm.list_loaded()] == ["chat"]
    assert model.get_info().identifier == "chat"


def test_a_context_is_reported_as_llama_cpp_rounded_it(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("tiny-llm", config={"contextLength": 300})
    assert model.get_context_length() == 512
    assert model.get_load_config().context_length == 512


def test_without_a_gpu_the_load_config_says_that_nothing_is_offloaded(
    client: lmstudio.Client,
) -> None:
    model = client.llm.load_new_instance("tiny-llm", config={"gpu": {"ratio": 0.5}})
    gpu = model.get_load_config().gpu
    assert gpu is not None
    assert gpu.ratio == "off"


def test_unloading_ends_the_process(client: lmstudio.Client, engine: EngineProcess) -> None:
    before = {child.pid for child in engine.children}
    model = client.llm.load_new_instance("tiny-llm")
    taken = [child for child in engine.children if "chat" not in child.name()]
    model.unload()
    assert client.llm.list_loaded() == []
    gone = [child for child in taken if not child.is_running()]
    assert len(gone) == 1
    assert gone[0].pid in before | {child.pid for child in taken}


def test_a_second_instance_of_a_model_gets_a_numbered_identifier(client: lmstudio.Client) -> None:
    names = [client.llm.load_new_instance("tiny-llm").identifier for _ in range(3)]
    assert names == ["tiny-llm", "tiny-llm:2", "tiny-llm:3"]


def test_an_identifier_that_is_taken_is_refused(client: lmstudio.Client) -> None:
    client.llm.load_new_instance("tiny-llm", "mine")
    with pytest.raises(LMStudioServerError, match=r"Model load error.*already exists"):
        client.llm.load_new_instance("tiny-llm", "mine")
    with pytest.raises(LMStudioServerError, match="already exists"):
        client.embedding.load_new_instance("tiny-embed", "mine")
    assert len(client.llm.list_loaded()) == 1


def test_an_unknown_key_is_told_with_what_there_is(client: lmstudio.Client) -> None:
    with pytest.raises(LMStudioServerError, match=r"No downloaded model.*'tiny-lm'") as caught:
        client.llm.load_new_instance("tiny-lm")
    assert "Did you mean tiny-llm" in str(caught.value)


def test_an_embedding_model_is_no_llm(client: lmstudio.Client) -> None:
    with pytest.raises(LMStudioServerError, match=r"type 'embedding'.*needs 'llm'"):
        client.llm.load_new_instance("tiny-embed")


def test_a_context_longer_than_the_model_is_refused_with_both_numbers(
    client: lmstudio.Client,
) -> None:
    with pytest.raises(LMStudioServerError, match=r"99999 tokens.*2048 tokens"):
        client.llm.load_new_instance("tiny-llm", config={"contextLength": 99999})


def test_a_model_with_a_missing_tensor_fails_with_the_reason(client: lmstudio.Client) -> None:
    with pytest.raises(LMStudioServerError, match=r"odd-llm.*'blk.1.ffn_down.weight' not found"):
        client.llm.load_new_instance("odd-llm")
    assert client.llm.list_loaded() == []


@pytest.mark.parametrize("ttl", [0, -1, 0.0005])
def test_a_ttl_that_is_no_whole_number_of_milliseconds_is_refused(
    client: lmstudio.Client, ttl: int
) -> None:
    with pytest.raises(LMStudioServerError, match="whole number of milliseconds"):
        client.llm.load_new_instance("tiny-llm", ttl=ttl)


def test_model_returns_what_is_loaded_and_leaves_its_ttl_alone(client: lmstudio.Client) -> None:
    client.llm.load_new_instance("tiny-llm", "mine", ttl=100)
    again = client.llm.model("tiny-llm", ttl=7)
    assert again.identifier == "mine"
    (info,) = client.llm.remote_call("listLoaded")
    assert info["ttlMs"] == 100_000


def test_loading_just_in_time_makes_the_earlier_one_go_across_types(
    client: lmstudio.Client,
) -> None:
    client.llm.load_new_instance("big-llm", "explicit")
    client.embedding.model("tiny-embed")
    chat = client.llm.model("tiny-llm")
    assert client.embedding.list_loaded() == []
    assert {one.identifier for one in client.llm.list_loaded()} == {"explicit", chat.identifier}


def test_calls_on_an_unloaded_model_say_that_it_is_not_there(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("tiny-llm")
    model.unload()
    for call in (model.unload, lambda: model.respond("hi"), lambda: model.tokenize("hi")):
        with pytest.raises(LMStudioModelNotFoundError):
            call()


def test_a_model_expires_when_its_ttl_is_over(
    client: lmstudio.Client, engine: EngineProcess
) -> None:
    client.llm.load_new_instance("tiny-llm", ttl=1)
    (info,) = client.llm.remote_call("listLoaded")
    due = (info["lastUsedTime"] + info["ttlMs"]) / 1000
    while client.llm.list_loaded():
        assert time.time() < due + PATIENCE_S
        time.sleep(0.005)
    assert due - 0.05 < time.time()
    assert "expired tiny-llm" in engine.log.read_text() or engine.children


def test_a_response_streams_and_its_stats_add_up(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("tiny-llm")
    stream = model.respond_stream("hello", config={"maxTokens": 12, "temperature": 0})
    fragments = list(stream)
    result = stream.result()
    assert "".join(piece.content for piece in fragments) == result.content
    assert sum(piece.tokens_count for piece in fragments) == 12
    assert result.stats.stop_reason == "maxPredictedTokensReached"
    assert result.stats.predicted_tokens_count == 12
    assert result.stats.prompt_tokens_count is not None
    assert result.stats.total_tokens_count == result.stats.prompt_tokens_count + 12


def test_the_same_seedless_greedy_request_gives_the_same_text(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("tiny-llm")
    config = {"maxTokens": 16, "temperature": 0}
    assert model.respond("hi", config=config).content == model.respond("hi", config=config).content


def test_cancelling_a_response_ends_it_as_stopped_by_the_user(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("big-llm")
    stream = model.respond_stream("tell me everything")
    for number, _ in enumerate(stream):
        if number == 3:
            stream.cancel()
    assert stream.result().stats.stop_reason == "userStopped"


def test_unloading_a_busy_model_ends_the_response(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("big-llm")
    stream = model.respond_stream("tell me everything")
    unloader = threading.Thread(target=model.unload)
    for number, _ in enumerate(stream):
        if number == 3:
            unloader.start()
    unloader.join()
    assert stream.result().stats.stop_reason == "modelUnloaded"


def test_tokens_are_counted_as_they_are_listed(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("tiny-llm")
    assert model.tokenize("hello") == [104, 101, 108, 108, 111]
    assert model.count_tokens("hello") == 5


def test_the_chat_template_is_the_models_own(client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("tiny-llm")
    formatted = model.apply_prompt_template("hi")
    assert formatted == "<|im_start|>user\nhi<|im_end|><|im_start|>assistant\n"


def test_embeddings_have_the_models_width_and_tell_texts_apart(client: lmstudio.Client) -> None:
    model = client.embedding.load_new_instance("tiny-embed")
    one, other = model.embed(["some words", "quite different"])
    assert len(one) == len(other) == 64
    assert one != other
    around = 2  # the tokens that a BERT tokenizer puts before and after a text are not counted
    assert len(model.tokenize("abc")) == model.count_tokens("abc") + around
