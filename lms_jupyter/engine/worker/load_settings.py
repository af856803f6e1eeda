"""How an instance is, or is asked to be, loaded. Pure data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Domain: TypeAlias = Literal["llm", "embedding"]
CacheType: TypeAlias = Literal["f32", "f16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1"]

DEFAULT_CONTEXT_LENGTH = 4096
DEFAULT_PARALLEL_SESSIONS = 4
Place: TypeAlias = Literal["cpu", "split", "gpu"]
"""Where the layers of a model lie: in main memory, in both, or all on GPUs."""
SplitStrategy: TypeAlias = Literal["evenly", "priorityOrder", "custom"]
BATCH_SIZES: Mapping[Place, tuple[int, int]] = {
    "cpu": (128, 128),
    "split": (512, 512),
    "gpu": (2048, 512),
}
"""How many tokens llama.cpp takes and computes at once: few where they take long, because it looks
for a cancelled request only between two batches; on a GPU more, which is several times faster."""


FIRST_TOKENS = 2
MAX_SESSIONS = 256
MAX_DRAFT_TOKENS = 1024
DEFAULT_DRAFT_TOKENS = 3
"""What llama.cpp does, or can do at most."""
MAX_THREADS = min(512, 4 * (os.cpu_count() or 1))
"""llama.cpp's own bound is 512. Its threads wait actively for each other: far more of them than
there are cores bring the whole machine to a halt."""
CELLS = 256
"""llama.cpp rounds a context up to a multiple of this many tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """A load configuration. `None` means that the engine decides, and `settled` says what."""

    context_length: int | None = None
    eval_batch_size: int | None = None
    physical_batch_size: int | None = None
    num_parallel_sessions: int | None = None
    unified_kv_cache: bool = True
    cpu_threads: int | None = None
    gpu_offload_ratio: float | None = None
    """The part of the layers on GPUs; `None`: as many as fit."""
    offload_kv_cache_to_gpu: bool = True
    flash_attention: bool | None = None
    k_cache_type: CacheType = "f16"
    v_cache_type: CacheType = "f16"
    try_mmap: bool = True
    try_direct_io: bool = False
    keep_in_memory: bool = False
    rope_frequency_base: float | None = None
    rope_frequency_scale: float | None = None
    seed: int | None = None
    num_experts: int | None = None
    context_checkpoints: int | None = None
    prompt_template: str | None = None
    reasoning_budget_message: str | None = None
    draft_model: str | None = None
    draft_max_tokens: int | None = None
    draft_min_tokens: int | None = None
    draft_min_probability: float | None = None
    draft_mtp: bool = False
    """Whether the model's own layers for it propose tokens."""
    split_strategy: SplitStrategy = "evenly"
    """How several GPUs share the layers: each gets the same part of its free memory; one is filled
    after the other; or each gets what `gpu_custom_ratio` says."""
    disabled_gpus: tuple[int, ...] = ()
    gpu_priority: tuple[int, ...] = ()
    """Which GPUs are filled first."""
    gpu_custom_ratio: tuple[float, ...] = ()
    gpu_strict_vram_cap: bool = False
    """Whether a load that does not fit into the GPUs' own memory is refused in any case."""
    num_cpu_expert_layers_ratio: float = 0.0
    """In which part of the layers the experts stay in main memory."""

    def settled(
        self, domain: Domain, max_context_length: int, place: Place = "cpu"
    ) -> LoadSettings:
        """Fill in what the engine decides for a model with this maximum context, in tokens.

        `place` says where the layers will lie, which decides how much is computed at once.

        An embedding model reads its whole input in one batch, so its batches are as long as its
        context, and it has one session. Numbers that would make llama.cpp end itself are brought
        within its bounds; what became of them is seen in the settings of the instance.
        """
        context = self.context_length or min(DEFAULT_CONTEXT_LENGTH, max_context_length)
        settled = replace(
            self,
            context_length=context,
            cpu_threads=None if self.cpu_threads is None else min(self.cpu_threads, MAX_THREADS),
        )
        if domain == "embedding":
            return replace(
                settled,
                eval_batch_size=context,
                physical_batch_size=context,
                num_parallel_sessions=1,
            )
        sessions = self.num_parallel_sessions or DEFAULT_PARALLEL_SESSIONS
        settled = settled.with_room_for_drafts(rounded(context) // sessions - 1)
        # What all sessions say next has to fit into one batch, and what llama.cpp tries first.
        least = max(FIRST_TOKENS, sessions * (1 + settled.drafted))
        usual, usual_physical = BATCH_SIZES[place]
        batch = max(least, min(self.eval_batch_size or usual, rounded(context)))
        physical = self.physical_batch_size or (usual_physical if place != "cpu" else batch)
        return replace(
            settled,
            eval_batch_size=batch,
            physical_batch_size=min(physical, batch),
            num_parallel_sessions=sessions,
        )

    @property
    def drafted(self) -> int:
        """How many tokens a session may have proposed at once."""
        if not (self.draft_model or self.draft_mtp):
            return 0
        asked = self.draft_max_tokens
        return DEFAULT_DRAFT_TOKENS if asked is None else asked

    def with_room_for_drafts(self, room: int) -> LoadSettings:
        """Propose no more tokens than a session has room for, and no model for none."""
        drafted = min(self.drafted, MAX_DRAFT_TOKENS, room)
        if drafted < 1:
            return replace(self, draft_model=None, draft_mtp=False)
        if drafted == self.drafted:
            return self
        return replace(self, draft_max_tokens=drafted)


def rounded(context: int) -> int:
    """Round a number of tokens up as llama.cpp does."""
    return -(-context // CELLS) * CELLS
