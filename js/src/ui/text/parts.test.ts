import { describe, expect, it } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import { split } from "../controls/Name";
import { contextStops, nearestStop, SETTINGS, SPLIT } from "../loadForm/settings";
import { detailed } from "./detailWords";
import { activityOf, instanceFacts } from "./facts";
import { wordsFor } from "./words";

const [chat, embedding] = (idle as Activity).instances as [Instance, Instance];
const words = wordsFor("en");

describe("names", () => {
  it.each(["short", "google/gemma-3-12b-instruct@q4_k_m", "👩‍🚀".repeat(12)])(
    "loses nothing of %s",
    (name) => {
      expect(split(name).join("")).toBe(name);
    },
  );

  it("never cuts a character in two", () => {
    expect(split("👩‍🚀".repeat(12))[1]).toBe("👩‍🚀".repeat(8));
  });
});

describe("facts", () => {
  it("says when a size is only the file's", () => {
    expect(instanceFacts(chat, words)).toContain("3.3\u00a0GB");
    expect(instanceFacts(embedding, words)).toContain("274\u00a0MB on\u00a0disk");
  });

  it.each([
    [{ status: "idle", queued: 0 }, "idle"],
    [{ status: "idle", queued: 2 }, "2 queued"],
    [{ status: "generating", queued: 1 }, "generating"],
    [{ status: "generating", queued: 3 }, "generating, 2 queued"],
    [{ status: "processing_prompt", queued: 0 }, "processing prompt"],
  ] as const)("says what an instance does: %o", (change, said) => {
    expect(activityOf({ ...chat, ...change }, words)).toBe(said);
  });
});

describe("the context slider", () => {
  it.each([300, 2048, 131_072, 262_144, 1_000_000])("ends at the model's maximum, %d", (max) => {
    const stops = contextStops(max);

    expect(stops.at(-1)).toBe(max);
    expect(stops).toEqual([...stops].sort((a, b) => a - b));
    expect(new Set(stops).size).toBe(stops.length);
    expect(stops.every(Number.isInteger)).toBe(true);
  });

  it("finds the nearest stop", () => {
    const stops = contextStops(131_072);

    expect(stops[nearestStop(stops, 8192)]).toBe(8192);
    expect(stops[nearestStop(stops, 9_999_999)]).toBe(131_072);
  });
});

describe("languages", () => {
  it("falls back to English", () => {
    expect(wordsFor("de-CH").lang).toBe("de");
    expect(wordsFor("").lang).toBe("en");
    expect(wordsFor("xx").lang).toBe("en");
  });

  it("has a label for every setting, in every language", () => {
    for (const lang of ["en", "de"]) {
      const { settings } = detailed(wordsFor(lang)).strings;
      const names: string[] = SETTINGS.map(({ name }) => name);
      expect(Object.keys(settings).sort()).toEqual([...names, ...SPLIT].sort());
    }
  });
});
