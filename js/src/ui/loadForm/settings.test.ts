import { describe, expect, it } from "vitest";
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { HostInfo, Model } from "../../protocol/protocol";
import { GROUPS, SETTINGS, settingsFor, usualContext, usualFor } from "./settings";

const [first] = catalog.models as Model[];
const gguf = { ...first, kind: "llm", format: "gguf", params: "30B-A3B" } as Model;
const mlx = { ...gguf, format: "safetensors" } as Model;
const engine = { name: "Embedded engine", features: ["ttl"] } as unknown as HostInfo;
const studio = { name: "LM Studio", features: [] as string[] } as HostInfo;

const names = (model: Model, host: HostInfo) =>
  settingsFor(model, true, host).map(({ name }) => name);

describe("the settings of the form", () => {
  it("are those that the host knows", () => {
    const known = names(gguf, engine);

    expect(known).toContain("use_unified_kv_cache");
    expect(known).not.toContain("auto_fit");
    expect(known.filter((name) => name.endsWith("_sidecar"))).toEqual([]);
    expect(names(gguf, studio)).toContain("draft_mtp_sidecar");
    expect(names(gguf, studio)).toContain("auto_fit");
  });

  it("are those of the model's files", () => {
    expect(names(mlx, studio)).toContain("mlx_kv_cache_bits");
    expect(names(mlx, studio)).not.toContain("flash_attention");
    expect(names(gguf, studio)).not.toContain("mlx_kv_cache_bits");
    expect(names(mlx, studio)).toContain("parallel");
  });

  it("are fewer for an embedding model", () => {
    const known = names({ ...gguf, kind: "embedding" }, studio);

    expect(known).toContain("eval_batch_size");
    expect(known).toContain("rope_frequency_base");
    expect(known).not.toContain("parallel");
  });

  it("take numbers from a range that is one", () => {
    for (const setting of SETTINGS) {
      if (setting.kind === "number") expect(setting.low).toBeLessThan(setting.high);
    }
  });

  it("stand each under a heading that the form has", () => {
    expect(new Set(SETTINGS.map(({ group }) => group))).toEqual(new Set(GROUPS));
  });

  it("say what the embedded engine would take, and nothing of a host that does not tell", () => {
    expect(usualFor("parallel", engine)).toBe(4);
    expect(usualFor("try_direct_io", engine)).toBe(false);
    expect(usualFor("seed", engine)).toBeNull();
    expect(usualFor("parallel", studio)).toBeNull();
    expect(usualContext({ ...gguf, max_context_length: 131_072 }, engine)).toBe(4096);
    expect(usualContext({ ...gguf, max_context_length: 512 }, engine)).toBe(512);
    expect(usualContext(gguf, studio)).toBeNull();
  });
});
