"""The packets of the channels that read and search documents, as strict types."""

from __future__ import annotations

from typing import Literal

from .schemas import Progress, Strict


class Library(Strict):
    library: str
    version: str


class ParserLoaded(Strict, tag="parserLoaded"):
    parser: Library


class Parsed(Strict, tag="result"):
    content: str
    parser: Library


Step = Literal["loading", "chunking", "embedding"]


class FileList(Strict, tag="onFileProcessList"):
    indices: list[int]


class FileBegun(Strict, tag="onFileProcessingStart"):
    index: int


class FileEnded(Strict, tag="onFileProcessingEnd"):
    index: int


class StepBegun(Strict, tag="onFileProcessingStepStart"):
    index: int
    step: Step


class StepProgress(Strict, tag="onFileProcessingStepProgress"):
    index: int
    step: Step
    progress: float


class StepEnded(Strict, tag="onFileProcessingStepEnd"):
    index: int
    step: Step


class SearchBegun(Strict, tag="onSearchingStart"):
    pass


class SearchEnded(Strict, tag="onSearchingEnd"):
    pass


class Entry(Strict):
    content: str
    score: float
    source_index: int
    line_number: tuple[int, int]


class Entries(Strict):
    entries: list[Entry]


class Retrieved(Strict, tag="result"):
    result: Entries


PARSE = ParserLoaded | Progress | Parsed
RETRIEVE = (
    FileList
    | FileBegun
    | FileEnded
    | StepBegun
    | StepProgress
    | StepEnded
    | SearchBegun
    | SearchEnded
    | Retrieved
)
