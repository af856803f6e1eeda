// Generated from lms_jupyter/protocol by `npm run protocol`. Do not edit.

export const FIELDS = [
  {
    "name": "auto_fit",
    "kind": "flag",
    "studio": true
  },
  {
    "name": "auto_fit_min_context_length",
    "kind": "number",
    "low": 0,
    "high": 1048576,
    "step": 1,
    "studio": true
  },
  {
    "name": "gpu_strict_vram_cap",
    "kind": "flag",
    "embedding": true,
    "needs": "gpu"
  },
  {
    "name": "num_cpu_expert_layers_ratio",
    "kind": "number",
    "low": 0,
    "high": 1,
    "step": 0.05,
    "needs": "experts"
  },
  {
    "name": "offload_kv_cache_to_gpu",
    "kind": "flag",
    "needs": "gpu"
  },
  {
    "name": "parallel",
    "kind": "number",
    "low": 1,
    "high": 64,
    "step": 1
  },
  {
    "name": "use_unified_kv_cache",
    "kind": "flag"
  },
  {
    "name": "flash_attention",
    "kind": "flag",
    "format": "gguf"
  },
  {
    "name": "k_cache_type",
    "kind": "choice",
    "options": [
      "f32",
      "f16",
      "q8_0",
      "q4_0",
      "q4_1",
      "iq4_nl",
      "q5_0",
      "q5_1"
    ],
    "format": "gguf"
  },
  {
    "name": "v_cache_type",
    "kind": "choice",
    "options": [
      "f32",
      "f16",
      "q8_0",
      "q4_0",
      "q4_1",
      "iq4_nl",
      "q5_0",
      "q5_1"
    ],
    "format": "gguf"
  },
  {
    "name": "eval_batch_size",
    "kind": "number",
    "low": 1,
    "high": 65536,
    "step": 1,
    "embedding": true,
    "format": "gguf"
  },
  {
    "name": "physical_batch_size",
    "kind": "number",
    "low": 1,
    "high": 65536,
    "step": 1,
    "format": "gguf"
  },
  {
    "name": "context_checkpoints",
    "kind": "number",
    "low": 0,
    "high": 256,
    "step": 1,
    "format": "gguf"
  },
  {
    "name": "num_experts",
    "kind": "number",
    "low": 0,
    "high": 1024,
    "step": 1
  },
  {
    "name": "seed",
    "kind": "number",
    "low": -1,
    "high": 4294967295,
    "step": 1,
    "embedding": true
  },
  {
    "name": "try_mmap",
    "kind": "flag",
    "embedding": true,
    "format": "gguf"
  },
  {
    "name": "try_direct_io",
    "kind": "flag",
    "format": "gguf"
  },
  {
    "name": "keep_model_in_memory",
    "kind": "flag",
    "embedding": true,
    "format": "gguf"
  },
  {
    "name": "cpu_thread_pool_size",
    "kind": "number",
    "low": 1,
    "high": 256,
    "step": 1,
    "format": "gguf"
  },
  {
    "name": "rope_frequency_base",
    "kind": "number",
    "low": 0,
    "high": 1000000000,
    "step": 0.1,
    "embedding": true,
    "format": "gguf"
  },
  {
    "name": "rope_frequency_scale",
    "kind": "number",
    "low": 0,
    "high": 1000,
    "step": 0.01,
    "embedding": true,
    "format": "gguf"
  },
  {
    "name": "prompt_template",
    "kind": "lines"
  },
  {
    "name": "reasoning_budget_message",
    "kind": "text",
    "format": "gguf"
  },
  {
    "name": "draft_mtp",
    "kind": "flag",
    "format": "gguf"
  },
  {
    "name": "draft_mtp_sidecar",
    "kind": "flag",
    "format": "gguf",
    "studio": true
  },
  {
    "name": "draft_dflash_sidecar",
    "kind": "flag",
    "format": "gguf",
    "studio": true
  },
  {
    "name": "draft_dspark_sidecar",
    "kind": "flag",
    "format": "gguf",
    "studio": true
  },
  {
    "name": "draft_model",
    "kind": "text",
    "format": "gguf"
  },
  {
    "name": "draft_max_tokens",
    "kind": "number",
    "low": 1,
    "high": 1024,
    "step": 1,
    "format": "gguf"
  },
  {
    "name": "draft_min_tokens",
    "kind": "number",
    "low": 0,
    "high": 1024,
    "step": 1,
    "format": "gguf"
  },
  {
    "name": "draft_min_probability",
    "kind": "number",
    "low": 0,
    "high": 1,
    "step": 0.05,
    "format": "gguf"
  },
  {
    "name": "mlx_disk_cache",
    "kind": "flag",
    "format": "mlx",
    "studio": true
  },
  {
    "name": "mlx_kv_cache_bits",
    "kind": "number",
    "low": 2,
    "high": 8,
    "step": 1,
    "format": "mlx",
    "studio": true
  },
  {
    "name": "mlx_kv_cache_group_size",
    "kind": "number",
    "low": 32,
    "high": 128,
    "step": 32,
    "format": "mlx",
    "studio": true
  },
  {
    "name": "mlx_kv_cache_quantized_start",
    "kind": "number",
    "low": 0,
    "high": 65536,
    "step": 1,
    "format": "mlx",
    "studio": true
  }
] as const;

export const LABELS = {
  "auto_fit": "Fit to memory",
  "auto_fit_min_context_length": "Shortest context to fit",
  "main_gpu": "Main GPU",
  "split_strategy": "Split over GPUs",
  "disabled_gpus": "GPUs not used",
  "gpu_priority": "Order of the GPUs",
  "gpu_custom_ratio": "Share of each GPU",
  "gpu_strict_vram_cap": "Stay within GPU memory",
  "num_cpu_expert_layers_ratio": "Expert layers on the CPU",
  "offload_kv_cache_to_gpu": "Offload KV cache to GPU",
  "parallel": "Parallel requests",
  "use_unified_kv_cache": "Unified KV cache",
  "flash_attention": "Flash attention",
  "k_cache_type": "K cache type",
  "v_cache_type": "V cache type",
  "eval_batch_size": "Evaluation batch size",
  "physical_batch_size": "Physical batch size",
  "context_checkpoints": "Context checkpoints",
  "num_experts": "Number of experts",
  "seed": "Seed",
  "try_mmap": "Memory-map the file (mmap)",
  "try_direct_io": "Direct I/O",
  "keep_model_in_memory": "Keep model in memory (mlock)",
  "cpu_thread_pool_size": "CPU threads",
  "rope_frequency_base": "RoPE frequency base",
  "rope_frequency_scale": "RoPE frequency scale",
  "prompt_template": "Prompt template",
  "reasoning_budget_message": "Message at the end of reasoning",
  "draft_mtp": "Draft with MTP layers",
  "draft_mtp_sidecar": "Draft with MTP sidecar",
  "draft_dflash_sidecar": "Draft with DFlash sidecar",
  "draft_dspark_sidecar": "Draft with DSpark sidecar",
  "draft_model": "Draft model",
  "draft_max_tokens": "Max draft tokens",
  "draft_min_tokens": "Min draft tokens",
  "draft_min_probability": "Min draft probability",
  "mlx_disk_cache": "Cache on the disk",
  "mlx_kv_cache_bits": "Bits of the KV cache",
  "mlx_kv_cache_group_size": "Group size of the KV cache",
  "mlx_kv_cache_quantized_start": "First tokens with all bits"
};

export const HELP = {
  "context_length": "How many tokens the model sees at once. More takes more memory.",
  "auto_fit": "The host chooses the context and what it offloads, so that it fits.",
  "auto_fit_min_context_length": "The host chooses no context that is shorter than this.",
  "gpu": "The part of the layers that the GPU computes.",
  "main_gpu": "The GPU that is filled before the others.",
  "split_strategy": "How several GPUs share the model.",
  "disabled_gpus": "The model stays away from the others.",
  "gpu_priority": "The order in which the GPUs are filled.",
  "gpu_custom_ratio": "In proportion: 3 and 1 are three quarters and one.",
  "gpu_strict_vram_cap": "Never take more than the GPUs have of memory.",
  "num_cpu_expert_layers_ratio": "0 to 1: leaves room on the GPU for a large mixture of experts.",
  "offload_kv_cache_to_gpu": "Keep the KV cache in GPU memory.",
  "parallel": "Requests that are answered at the same time. They share the context.",
  "use_unified_kv_cache": "One cache for all parallel requests. Without, each has a part of the context.",
  "flash_attention": "Attention that needs less memory, where the hardware can.",
  "k_cache_type": "Type of the keys in the cache. Fewer bits take less memory and are less exact.",
  "v_cache_type": "Type of the values in the cache. Most types need flash attention.",
  "eval_batch_size": "Prompt tokens that are processed in one batch.",
  "physical_batch_size": "Tokens that are computed at once. Fewer take less memory while a prompt is read.",
  "context_checkpoints": "States that are kept to go back to, for models that cannot forget single tokens.",
  "num_experts": "Experts used for each token, in a mixture-of-experts model.",
  "seed": "The same seed gives the same answers.",
  "try_mmap": "Read the file as it is needed: loads faster.",
  "try_direct_io": "Read the file past the system's cache, which then keeps what it has.",
  "keep_model_in_memory": "Keep the system from swapping the model out.",
  "cpu_thread_pool_size": "Threads of the processor that compute. More than there are cores is slower.",
  "rope_frequency_base": "For contexts longer than the model was trained on.",
  "rope_frequency_scale": "Scales positions, for longer contexts.",
  "prompt_template": "The chat template, in Jinja, instead of the model's own.",
  "reasoning_budget_message": "What the model reads where a request's budget for thinking is used up.",
  "draft_mtp": "Speculative decoding with the model's own MTP layers.",
  "draft_mtp_sidecar": "Speculative decoding with the MTP file that lies beside the model.",
  "draft_dflash_sidecar": "Speculative decoding with the DFlash file that lies beside the model.",
  "draft_dspark_sidecar": "Speculative decoding with the DSpark file that lies beside the model.",
  "draft_model": "Speculative decoding with a smaller model, by its key.",
  "draft_max_tokens": "The most tokens in a draft.",
  "draft_min_tokens": "The fewest tokens in a draft.",
  "draft_min_probability": "0 to 1: drafting stops at a token that is less likely.",
  "mlx_disk_cache": "Keep what was read of long contexts on the disk.",
  "mlx_kv_cache_bits": "8, 6, 4, 3 or 2. Fewer bits take less memory and are less exact.",
  "mlx_kv_cache_group_size": "32, 64 or 128: values that share a scale. Fewer are more exact.",
  "mlx_kv_cache_quantized_start": "So many tokens at the beginning keep all their bits."
};

export const FLAGS = {
  "context_length": "-c",
  "auto_fit_min_context_length": "--auto-fit-min-context",
  "disabled_gpus": "--disable-gpu",
  "num_cpu_expert_layers_ratio": "--cpu-expert-layers",
  "offload_kv_cache_to_gpu": "--offload-kv",
  "use_unified_kv_cache": "--unified-kv",
  "flash_attention": "--flash-attn",
  "k_cache_type": "--k-cache",
  "v_cache_type": "--v-cache",
  "eval_batch_size": "--eval-batch",
  "physical_batch_size": "--physical-batch",
  "num_experts": "--experts",
  "try_mmap": "--mmap",
  "try_direct_io": "--direct-io",
  "keep_model_in_memory": "--keep-in-memory",
  "cpu_thread_pool_size": "--cpu-threads",
  "rope_frequency_base": "--rope-base",
  "rope_frequency_scale": "--rope-scale",
  "draft_min_probability": "--speculative-draft-min-continue-probability",
  "mlx_kv_cache_bits": "--mlx-kv-bits",
  "mlx_kv_cache_group_size": "--mlx-kv-group-size",
  "mlx_kv_cache_quantized_start": "--mlx-kv-quantized-start"
};
