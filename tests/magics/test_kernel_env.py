"""`%lms host --env`: OpenAI's clients in a kernel talk to the host, and no output has the key."""

from .kernels import Kernel

ASK = """
import os
from openai import OpenAI
keys = [model.id for model in OpenAI().models.list().data]
"""


def test_clients_of_the_kernel_talk_to_the_host(kernel: Kernel) -> None:
    ran = kernel.run("%lms host --env")

    assert ran.error == "", ran.error_text
    assert "OPENAI_BASE_URL" in ran.text
    assert kernel.run(ASK).error == ""
    assert kernel.value("'tutor-1m' in keys") == "True"
    key = kernel.value("os.environ['OPENAI_API_KEY']")
    assert key not in ran.plain


def test_a_key_that_was_there_is_not_lost_in_silence(kernel: Kernel) -> None:
    kernel.run("import os\nos.environ['OPENAI_API_KEY'] = 'mine'")

    text = kernel.run("%lms host --env").text
    assert "OPENAI_API_KEY had another value before" in text
    assert "mine" not in text


def test_it_goes_with_a_host_that_is_used_alone(kernel: Kernel) -> None:
    assert "--env goes with a host that is used" in kernel.run("%lms host ls --env").error_text
