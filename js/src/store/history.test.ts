import { expect, it } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import diary from "../../../tests/wire_samples/reply_diary.json" with { type: "json" };
import type { Activity, DiaryLoad } from "../protocol/protocol";
import { placeOf, reachingBack, remember, WINDOW_S } from "./history";

const activity = idle as Activity;
const at = (seconds: number, instances = activity.instances): Activity => ({
  ...activity,
  now: activity.now + seconds,
  instances,
});

it("knows since when it has seen an instance, and when it was gone", () => {
  const first = remember([], at(0, activity.instances.slice(0, 1)));
  const second = remember(first, at(10));
  const third = remember(second, at(20, activity.instances.slice(1)));

  expect(third.map(({ name, from, to }) => [name, from, to])).toEqual([
    ["chat", activity.now, activity.now + 20],
    ...activity.instances.slice(1).map((one) => [one.identifier, activity.now + 10, null]),
  ]);
});

it("tells a reload from what was there, and forgets what is long gone", () => {
  const [chat] = activity.instances as [Activity["instances"][0]];
  const seen = remember(remember([], at(0)), at(5, [{ ...chat, instance_reference: "anew" }]));
  expect(seen.filter(({ name }) => name === "chat")).toHaveLength(2);

  expect(remember(seen, at(6 + WINDOW_S, [])).map(({ reference }) => reference)).toEqual(["anew"]);
});

it("puts now in the middle and everything else within the window", () => {
  expect(placeOf(100, 100)).toBe(0.5);
  expect(placeOf(100 - 2 * WINDOW_S, 100)).toBe(0);
  expect(placeOf(100 + WINDOW_S / 2, 100)).toBe(0.75);
});

it("reaches back to what the diary knows, each instance once", () => {
  const load = diary.loads[0] as DiaryLoad;
  const seen = [{ reference: "here", name: "here", from: load.loaded_at + 50, to: null }];
  const here = { ...load, reference: "here", ended_at: null, loaded_at: load.loaded_at + 9 };
  const refused = { ...load, reference: "", why: "refused: Too much." };

  const shown = reachingBack(seen, [here, refused, load], load.loaded_at);

  expect(shown.map(({ reference }) => reference)).toEqual([load.reference, "here"]);
  expect(shown[0]).toMatchObject({ from: load.loaded_at, to: load.ended_at });
  expect(shown[1]?.from).toBe(load.loaded_at + 9);
  expect(reachingBack(seen, [load], (load.ended_at ?? 0) + 1)).toHaveLength(1);
});

it("draws a longer past in the same half", () => {
  expect(placeOf(1000, 4600, 3600)).toBe(0);
  expect(placeOf(4600 + WINDOW_S, 4600, 3600)).toBe(1);
});
