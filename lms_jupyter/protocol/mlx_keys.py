"""The load settings that LM Studio's MLX runtime has."""

from typing import Final

from lms_jupyter.protocol.setting import Setting

_MLX: Final = "llm.load.mlx"
MLX_KEYS: Final = (
    Setting(
        name="mlx_disk_cache",
        kind="switch",
        flags=("--mlx-disk-cache",),
        about="keep caches of long contexts on the disk (MLX)",
        label="Cache on the disk",
        help="Keep what was read of long contexts on the disk.",
        studio=True,
        llm=f"{_MLX}.diskCache",
    ),
    Setting(
        name="mlx_kv_cache_bits",
        kind="whole",
        flags=("--mlx-kv-bits",),
        about="bits of the key-value cache: 8, 6, 4, 3 or 2 (MLX)",
        label="Bits of the KV cache",
        help="8, 6, 4, 3 or 2. Fewer bits take less memory and are less exact.",
        metavar="N",
        low=2,
        high=8,
        studio=True,
        llm=f"{_MLX}.kvCacheQuantization",
    ),
    Setting(
        name="mlx_kv_cache_group_size",
        kind="whole",
        flags=("--mlx-kv-group-size",),
        about="values that share a scale in that cache: 32, 64 or 128 (MLX)",
        label="Group size of the KV cache",
        help="32, 64 or 128: values that share a scale. Fewer are more exact.",
        metavar="N",
        low=32,
        high=128,
        step=32,
        studio=True,
        llm=f"{_MLX}.kvCacheQuantization",
    ),
    Setting(
        name="mlx_kv_cache_quantized_start",
        kind="whole",
        flags=("--mlx-kv-quantized-start",),
        about="tokens at the beginning that keep all their bits in that cache (MLX)",
        label="First tokens with all bits",
        help="So many tokens at the beginning keep all their bits.",
        metavar="N",
        low=0,
        most=65_536,
        studio=True,
        llm=f"{_MLX}.kvCacheQuantization",
    ),
)
