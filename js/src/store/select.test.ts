import { describe, expect, it } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import catalog from "../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, Catalog, Instance } from "../protocol/protocol";
import { loadCommand } from "./loadCommand";
import { index, matching } from "./search";
import { countByModel, countdown, memoryShares, nextToLeave } from "./select";

const activity = idle as Activity;
const [chat] = activity.instances as [Instance];
const NOW = activity.now;

describe("countdown", () => {
  const cases: [string, Partial<Instance>, object][] = [
    ["counts from the last request", {}, { kind: "counting", left_s: 252, fraction: 0.84 }],
    [
      "shows the whole TTL before the first use",
      { idle_since: null },
      { kind: "not_started", left_s: 300 },
    ],
    [
      "never falls below zero",
      { idle_since: NOW - 900 },
      { kind: "counting", left_s: 0, fraction: 0 },
    ],
    ["never tells more than the TTL", { idle_since: NOW + 60 }, { kind: "counting", left_s: 300 }],
    ["is in use while it works", { status: "generating" }, { kind: "in_use" }],
    ["is in use while somebody waits", { queued: 1 }, { kind: "in_use" }],
    ["is unknown where the host does not tell", { status: "unknown" }, { kind: "unknown" }],
    ["stays without a TTL", { ttl_s: null }, { kind: "stays" }],
    ["is pinned before it is anything else", { pinned: true }, { kind: "pinned" }],
    ["is kept until a time, whatever its TTL", { keep: { until: NOW + 60 } }, { kind: "pinned" }],
    ["is kept while a notebook is open", { keep: { until: null } }, { kind: "pinned" }],
    ["is in use although it is pinned", { pinned: true, queued: 1 }, { kind: "in_use" }],
  ];
  it.each(cases)("%s", (_, change, expected) => {
    expect(countdown({ ...chat, ...change }, NOW)).toMatchObject(expected);
  });
});

it("knows when the next instance leaves by itself", () => {
  expect(nextToLeave(activity.instances, NOW)).toBe(252);
  expect(nextToLeave([{ ...chat, ttl_s: null }], NOW)).toBeNull();
});

it("splits the memory into instances, others and free", () => {
  const shares = memoryShares(
    { total_bytes: 64e9, available_bytes: 36e9, gpus: null },
    activity.instances,
  );

  expect(shares.instances.map(({ bytes }) => bytes)).toEqual([3.3e9, 0.274e9, 18.6e9]);
  expect(shares.free_bytes).toBe(36e9);
  expect(shares.other_bytes).toBeCloseTo(28e9 - 3.3e9 - 0.274e9 - 18.6e9);
});

it("does not let mapped files make others smaller than nothing", () => {
  const shares = memoryShares(
    { total_bytes: 8e9, available_bytes: 7e9, gpus: null },
    activity.instances,
  );

  expect(shares.other_bytes).toBe(0);
});

it("counts the instances of a model", () => {
  expect(countByModel(activity).get("qwen/qwen3-4b-2507")).toBe(1);
  expect(countByModel(null).size).toBe(0);
});

describe("search", () => {
  const models = index(catalog as Catalog);
  const keys = (
    ...given: [string, ("all" | "llm" | "vision" | "embedding")?, ("name" | "size")?]
  ) => matching(models, ...given).map(({ model_key }) => model_key);

  it("finds every word, in any order and case", () => {
    expect(keys("q4_k_m QWEN")).toEqual(["qwen/qwen3-30b-a3b", "qwen/qwen3-4b-2507"]);
    expect(keys("qwen 30b")).toEqual(["qwen/qwen3-30b-a3b"]);
    expect(keys("zzz")).toEqual([]);
    expect(keys("  ")).toHaveLength(6);
  });

  it("filters by kind", () => {
    expect(keys("", "vision")).toEqual(["google/gemma-3-12b"]);
    expect(keys("", "embedding")).toEqual(["text-embedding-nomic-embed-text-v1.5"]);
    expect(keys("", "llm")).toHaveLength(5);
  });

  it("puts the largest first when asked", () => {
    expect(keys("", "all", "size")[0]).toBe("qwen/qwen3-30b-a3b");
  });
});

describe("a click on Load", () => {
  it("asks for another instance only where one is shown", () => {
    const fields = { identifier: null, ttl_s: 60, config: {} };
    const mode = (model_key: string, known: Activity | null) =>
      loadCommand({ ...fields, model_key }, known).mode;

    expect(mode(chat.model_key, activity)).toBe("new");
    expect(mode("google/gemma-3-12b", activity)).toBe("ensure");
    expect(mode(chat.model_key, null)).toBe("ensure");
    expect(loadCommand({ ...fields, model_key: chat.model_key }, activity)).toEqual({
      ...{ kind: "load", mode: "new", join: true },
      ...{ ...fields, model_key: chat.model_key },
    });
  });
});
