import { describe, expect, it } from "vitest";
import { clock, duration, formatFor, loadLeft, span } from "./format";

describe.each(["en", "de"])("in %s", (lang) => {
  const format = formatFor(lang);
  const point = lang === "de" ? "," : ".";
  const group = lang === "de" ? "." : ",";

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_120_000, `1${point}1 MB`],
    [999_600_000, `1 GB`],
    [2_500_000_000, `2${point}5 GB`],
    [101_000_000_000, "101 GB"],
  ])("says %d bytes", (bytes, said) => {
    expect(format.bytes(bytes).replace("\u00a0", " ")).toBe(said);
  });

  it("groups thousands", () => {
    expect(format.integer(131_072)).toBe(`131${group}072`);
  });

  it("says midnight as 00:00", () => {
    const midnight = new Date(2026, 0, 1).getTime() / 1000;
    expect(format.time(midnight)).toBe("00:00");
  });
});

it.each([
  [252, "4:12"],
  [251.2, "4:12"],
  [59.5, "1:00"],
  [0.2, "0:01"],
  [0, "0:00"],
  [-5, "0:00"],
  [3852, "1:04:12"],
  [360_000, "100:00:00"],
])("counts down %d s as %s", (left, said) => {
  expect(clock(left)).toBe(said);
});

it.each([
  [3600, "1h"],
  [1800, "30m"],
  [90, "90s"],
  [7200, "2h"],
])("writes %d s for a magic as %s", (seconds, said) => {
  expect(span(seconds)).toBe(said);
});

it.each([
  [14.2, "14 s"],
  [0.1, "1 s"],
  [89, "89 s"],
  [100, "2 min"],
  [1800, "30 min"],
  [3600, "1 h"],
])("says %d s as %s", (seconds, said) => {
  expect(duration(seconds).replace("\u00a0", " ")).toBe(said);
});

it("guesses what is left of a load only when there is something to go by", () => {
  expect(loadLeft(0.625, 20)).toBeCloseTo(12);
  expect(loadLeft(0.01, 20)).toBeNull();
  expect(loadLeft(0.5, 0.2)).toBeNull();
  expect(loadLeft(1, 20)).toBeNull();
});
