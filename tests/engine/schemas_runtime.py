"""The replies of the namespace `runtime` as strict types."""

from __future__ import annotations

from typing import Any, Literal

from .schemas import Strict


class Engine(Strict):
    name: str
    version: str
    engine: str
    platform: str
    cpu: dict[str, str]
    supported_model_format_names: list[Literal["GGUF"]]


class Outcome(Strict):
    code: Literal["success", "noDevicesFound"]
    message: str


class CpuInfo(Strict):
    name: str
    architecture: Literal["x86_64", "ARM64", "unknown"]
    supported_instruction_set_extensions: list[Literal["AVX", "AVX2", "AdvSIMD"]]


class CpuSurvey(Strict):
    result: Outcome
    cpu_info: CpuInfo


class GpuSurvey(Strict):
    result: Outcome
    gpu_info: list[Any]


class HardwareSurvey(Strict):
    cpu_survey_result: CpuSurvey
    gpu_survey_result: GpuSurvey


class Compatibility(Strict):
    status: Literal["compatible"]


class Surveyed(Strict):
    name: str
    version: str
    engine: str
    platform: str
    compatibility: Compatibility
    supported_model_format_names: list[Literal["GGUF"]]
    hardware_survey: HardwareSurvey
    memory_info: dict[str, int]


class Survey(Strict):
    status: Literal["ok"]
    engines: list[Surveyed]


class Selections(Strict):
    json: list[tuple[str, dict[str, str]]]
    meta: dict[str, list[str]]
