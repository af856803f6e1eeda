"""The nouns that Python and TypeScript share.

Field names are the same on the wire, in Python and in TypeScript. Times are Unix seconds by the
host's clock, lengths of time are seconds (`_s`), sizes are bytes (`_bytes`).
"""

from typing import Literal

from msgspec import Struct

from lms_jupyter.protocol.record import Record
from lms_jupyter.protocol.shares import GpuShare, WaitingUser
from lms_jupyter.protocol.shown import Displayable

Kind = Literal["llm", "embedding"]
Status = Literal["idle", "processing_prompt", "generating", "computing_embedding", "unknown"]
LinkStatus = Literal["offline", "starting", "online", "stopping"]
Link = Literal["connecting", "connected", "lost"]
MemoryFit = Literal["gpu", "part", "main", "none"]
"""All of a model in the GPUs' memory, a part of it there, all in main memory, or too large."""
DownloadState = Literal["running", "paused", "failed"]
SplitStrategy = Literal["evenly", "priorityOrder", "custom"]
"""How a model is spread over several GPUs, in LM Studio's words."""
CacheType = Literal["f32", "f16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1"]


class Model(Record, Displayable, Struct, frozen=True, kw_only=True):
    """Files on a disk that can be loaded; `model_key` names them."""

    model_key: str
    kind: Kind
    display_name: str
    publisher: str | None = None
    path: str
    """Relative to the host's models folder: publisher/repository/file."""
    size_bytes: int
    params: str | None = None
    """As people write it: "4B", "30B-A3B"."""
    architecture: str | None = None
    quantization: str | None = None
    quantization_bits: int | None = None
    """Bits of a weight, rounded, as the host tells them."""
    indexed_model_identifier: str | None = None
    """What LM Studio called a model before it had keys: its path."""
    format: str = "gguf"
    max_context_length: int
    vision: bool = False
    trained_for_tool_use: bool = False
    variants: tuple[str, ...] = ()
    """Keys of the quantisations that are there, `key@q4_k_m`."""
    selected_variant: str | None = None
    device: str | None = None
    """A machine on the same LM Link; `None` is the host itself."""
    device_name: str | None = None
    """What people call that machine."""
    template_problem: str | None = None
    """Why its chat template cannot be used, once a load has found out."""


class Difference(Struct, frozen=True, kw_only=True):
    """A load setting that is not what was asked."""

    setting: str
    """A field of `LoadConfig`."""
    asked: bool | int | float | str
    effective: bool | int | float | str | None
    """`None`: the host does not tell."""
    why: str = ""
    """Why it is so, where that is known."""

    def __str__(self) -> str:
        effective = "not told by the host" if self.effective is None else self.effective
        why = f" ({self.why})" if self.why else ""
        return f"{self.setting} is {effective}, not {self.asked}{why}"


class Keep(Struct, frozen=True, kw_only=True):
    """What keeps an instance in memory instead of its TTL: no eviction and no pressure ends it."""

    until: float | None = None
    """Until when, by the host's clock; `None`: while a notebook is open that wants it."""


class Instance(Record, Displayable, Struct, frozen=True, kw_only=True):
    """A model in memory; `identifier` names it."""

    identifier: str
    instance_reference: str
    """The host's own immutable handle: tells a reload from the instance that was there."""
    model_key: str
    kind: Kind
    display_name: str
    path: str
    size_bytes: int
    """Of the file on the disk."""
    memory_bytes: int | None = None
    """What it takes in main memory, where the host tells it."""
    gpu_memory: tuple[GpuShare, ...] = ()
    """What it takes on each GPU, where the host tells it."""
    runtime: str | None = None
    """Which build of llama.cpp serves it, where the host tells it: its name and version."""
    warm_tokens: int = 0
    """How many tokens of prompts it has got from an instance before it."""
    publisher: str | None = None
    params: str | None = None
    architecture: str | None = None
    quantization: str | None = None
    quantization_bits: int | None = None
    indexed_model_identifier: str | None = None
    format: str = "gguf"
    vision: bool = False
    trained_for_tool_use: bool = False
    context_length: int
    max_context_length: int
    status: Status = "idle"
    queued: int = 0
    """Requests under way or waiting; the running one counts."""
    ttl_s: float | None = None
    """Seconds of idleness before the host unloads it; `None` is never."""
    idle_since: float | None = None
    """When its last request ended; `None` if the host does not tell or it was never used."""
    pinned: bool = False
    keep: Keep | None = None
    """What keeps it besides; `None`: its TTL counts."""
    jit: bool = False
    """Loaded because a request named it, so it may be evicted for another."""
    owner: str | None = None
    """Who loaded it, where that is known: a notebook, a program, "rest"."""
    user: str | None = None
    """As which user of the host, where those have names."""
    waiting: tuple[WaitingUser, ...] = ()
    replica: bool = False
    """Whether requests to its name go to whichever of that name has the least to do."""
    users: tuple[str, ...] = ()
    """The kernels of this machine that use it, but the one that loaded it and who tells this."""
    mine: bool = False
    """Loaded by the manager that tells this."""
    differences: tuple[Difference, ...] = ()
    """Where it is not as this manager asked for it."""
    tokens_per_second: float | None = None
    """How fast it generates at this moment, where the host tells it."""
    device: str | None = None
    """A machine on the same LM Link; `None` is the host itself."""
    device_name: str | None = None
    """What people call that machine."""
    template_problem: str | None = None
    """Why its chat template cannot be used, once a load has found out."""


class Load(Struct, frozen=True, kw_only=True):
    """A load in progress."""

    load_id: str
    identifier: str | None
    """`None` until the host has said what it will be called."""
    model_key: str
    kind: Kind | None = None
    fraction: float
    """0 to 1."""
    started_at: float
    cancelling: bool = False
    device: str | None = None
    """A machine on the host's LM Link, where one was named; `None`: the host's own."""


class Downloadable(Struct, frozen=True, kw_only=True):
    """A file that the host can fetch: a name, and one of its quantisations."""

    name: str
    quantization: str | None = None
    size_bytes: int
    recommended: bool = False
    fits: bool = True
    """Whether the host thinks that it could be loaded there."""
    memory_fit: MemoryFit | None = None
    """Into which memory it would fit, where the host plans downloads."""
    here: Literal["downloaded", "downloading"] | None = None
    """Whether it need not be fetched: it is there, or on its way."""


class LoadConfig(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to load a model. Unset means that the host decides."""

    context_length: int | None = None
    auto_fit: bool | None = None
    """Whether the host chooses context and layers on the GPU; what is named wins."""
    auto_fit_min_context_length: int | None = None
    gpu: float | None = None
    """The part of the layers on the GPU: 0 is off, 1 is all."""
    main_gpu: int | None = None
    """The number of the GPU that is filled first."""
    split_strategy: SplitStrategy | None = None
    disabled_gpus: tuple[int, ...] | None = None
    """The numbers of the GPUs that it stays away from."""
    gpu_priority: tuple[int, ...] | None = None
    """The numbers of the GPUs in the order in which they are filled."""
    gpu_custom_ratio: tuple[float, ...] | None = None
    """How much of it each GPU gets, in proportion."""
    gpu_strict_vram_cap: bool | None = None
    """Whether it stays within the memory of the GPUs, whatever else is asked."""
    num_cpu_expert_layers_ratio: float | None = None
    """The part of the expert layers that stays with the CPU: 0 is none, 1 is all."""
    offload_kv_cache_to_gpu: bool | None = None
    parallel: int | None = None
    """How many requests it serves at once."""
    use_unified_kv_cache: bool | None = None
    flash_attention: bool | None = None
    k_cache_type: CacheType | None = None
    v_cache_type: CacheType | None = None
    eval_batch_size: int | None = None
    physical_batch_size: int | None = None
    context_checkpoints: int | None = None
    num_experts: int | None = None
    seed: int | None = None
    try_mmap: bool | None = None
    try_direct_io: bool | None = None
    keep_model_in_memory: bool | None = None
    cpu_thread_pool_size: int | None = None
    rope_frequency_base: float | None = None
    rope_frequency_scale: float | None = None
    prompt_template: str | None = None
    """The chat template itself, in Jinja; the flag takes a file that has it."""
    reasoning_budget_message: str | None = None
    draft_mtp: bool | None = None
    """Speculative decoding with the model's own extra layers."""
    draft_mtp_sidecar: bool | None = None
    draft_dflash_sidecar: bool | None = None
    draft_dspark_sidecar: bool | None = None
    draft_model: str | None = None
    """Speculative decoding with a smaller model, named by its key."""
    draft_max_tokens: int | None = None
    draft_min_tokens: int | None = None
    draft_min_probability: float | None = None
    """Below this the draft ends: 0 to 1."""
    mlx_disk_cache: bool | None = None
    mlx_kv_cache_bits: int | None = None
    mlx_kv_cache_group_size: int | None = None
    mlx_kv_cache_quantized_start: int | None = None


class Problem(Struct, frozen=True, kw_only=True):
    """A failure, told to a person: one sentence, and what to do about it."""

    code: str
    title: str
    hint: str = ""
    problem_id: str = ""
    """Names it for `DismissProblem`; empty in a refusal, which nobody keeps."""
    model_key: str | None = None


class Profile(Struct, frozen=True, kw_only=True):
    """Load settings under a name, as `%lms load --profile` takes them."""

    name: str
    config: LoadConfig = LoadConfig()
    ttl_s: float | None = None
    names_ttl: bool = False
    """Whether `ttl_s` is said: without it, a load keeps its own."""
    fit: str | None = None
    """As `LoadRequest.fit`."""


class PresetLoad(Struct, frozen=True, kw_only=True):
    """What a preset of LM Studio's says of a load."""

    name: str
    config: LoadConfig = LoadConfig()
    problem: Problem | None = None
    """Why it cannot be used."""


class Estimate(Displayable, Struct, frozen=True, kw_only=True):
    """What a load would take: calculated, corrected by loads of other contexts, or as it took."""

    total_bytes: int
    vram_bytes: int
    confidence: Literal["high", "low"]
    passes_guardrails: bool
    source: Literal["calculated", "corrected", "measured"] | None = None


class MemoryUser(Struct, frozen=True, kw_only=True):
    """A process that holds memory of a GPU and is no instance: a notebook's kernel, a program."""

    name: str
    """A notebook's path if it is one of this machine's, else the program's name."""
    is_notebook: bool = False
    memory_bytes: int
    pid: int | None = None


class GpuMemory(Struct, frozen=True, kw_only=True):
    """The memory of one GPU."""

    gpu_id: str
    """As llama.cpp names it: "CUDA0", "Vulkan0"."""
    name: str
    """"NVIDIA GeForce RTX 4090"."""
    total_bytes: int
    available_bytes: int
    users: tuple[MemoryUser, ...] = ()
    """Who else holds some of it, as far as the system tells."""


class Memory(Struct, frozen=True, kw_only=True):
    """The memory of the machine that the host runs on."""

    total_bytes: int
    available_bytes: int
    gpus: tuple[GpuMemory, ...] | None = None
    """`None`: the host does not tell which GPUs there are."""


class Titled:
    """A host as people name it."""

    name: str
    version: str | None
    address: str
    given_name: str | None

    @property
    def title(self) -> str:
        """Its name, and its version if it tells one: "LM Studio 0.3.43"."""
        return f"{self.name} {self.version or ''}".rstrip()

    @property
    def place(self) -> str:
        """Where it is, behind the name that the user has given it."""
        return f"{self.given_name} ({self.address})" if self.given_name else self.address


class HostInfo(Titled, Struct, frozen=True, kw_only=True):
    """Who we talk to, and what it can do beyond loading and unloading."""

    name: str
    """"LM Studio", "Embedded engine"."""
    address: str
    """`host:port`, or `https://host:port` behind a proxy."""
    version: str | None = None
    given_name: str | None = None
    """What the user calls it: `%lms host add`."""
    link: Link = "connecting"
    link_since: float | None = None
    retry_at: float | None = None
    """When a lost host is next tried, by the clock of `Activity.now`; `None`: not by itself."""
    asleep: bool = False
    """LM Studio is installed there and does not run: `WakeStudio` starts it."""
    features: tuple[str, ...] = ()
    """Extra abilities: "ttl", "pin", "activity", "cancelLoad", "join", "departures", "pastLog",
    "deleteModel", "fleet", "keep", "forget", "givesWay"."""


class HostChoice(Titled, Struct, frozen=True, kw_only=True):
    """A host that answers, and that a page may ask to switch to."""

    address: str
    name: str
    version: str | None = None
    given_name: str | None = None
    """What the user calls it."""


class LinkDevice(Record, Struct, frozen=True, kw_only=True):
    """Another machine on the host's LM Link."""

    device: str
    """Its identifier, as `%lms load --device` takes it."""
    name: str
    connected: bool = False


class LmLink(Struct, frozen=True, kw_only=True):
    """How a host stands with the other machines on its LM Link."""

    status: LinkStatus
    devices: tuple[LinkDevice, ...] = ()
    back_at: float | None = None
    """When a host that has lost the link tries it again, by the clock of `Activity.now`."""


class Download(Struct, frozen=True, kw_only=True):
    """A download that goes on, was paused, or failed."""

    download_id: str
    name: str
    """What is fetched, as `Downloadable.name`."""
    quantization: str | None = None
    downloaded_bytes: int = 0
    total_bytes: int
    bytes_per_second: float = 0.0
    queue_position: int = 0
    """Its place among those that wait for others to end; 0 once it has begun."""
    state: DownloadState = "running"
    can_pause: bool = False
    """Whether the host keeps what is there and goes on later."""
    problem: Problem | None = None
    """Why it failed."""
