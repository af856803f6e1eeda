import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lms_jupyter.magics.parser import parse
from lms_jupyter.magics.verbs.loading import LoadLine
from lms_jupyter.protocol.models import LoadConfig

LINES = Path(__file__).parents[1] / "wire_samples" / "lines" / "load_lines.json"


@pytest.mark.parametrize("sample", json.loads(LINES.read_text()), ids=lambda one: one["line"])
def test_the_line_that_a_form_writes_asks_for_what_the_form_asks_for(sample: Any) -> None:
    read = parse(sample["line"].removeprefix("%lms "))

    fields = sample["request"]
    assert isinstance(read, LoadLine)
    request = read.complete(Path()).request
    assert (request.model_key, request.identifier, request.ttl_s) == (
        fields["model_key"],
        fields["identifier"],
        fields["ttl_s"],
    )
    assert request.config == msgspec.convert(fields["config"], LoadConfig)
