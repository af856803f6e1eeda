import { expect, it } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import { arrivals, isUsedBy, leaving } from "./news";

const activity = idle as unknown as Activity;
const [one] = activity.instances as [Instance];
const counting = (ttl_s: number): Instance => ({
  ...one,
  status: "idle",
  queued: 0,
  pinned: false,
  ttl_s,
  idle_since: activity.now,
});
const withThose = (...instances: Instance[]): Activity => ({ ...activity, instances });

it("warns of what counts down, and says how long it has left", () => {
  const [found] = leaving(withThose(counting(600)), activity.now + 550, 60);

  expect(found?.left_s).toBe(50);
});

it("has no news of what is always about to leave, or stays", () => {
  const pinned = { ...counting(600), pinned: true };
  const forever = { ...counting(600), ttl_s: null };

  expect(leaving(withThose(counting(90), pinned, forever), activity.now + 80, 60)).toEqual([]);
});

it("knows an instance by its reference, not by its name", () => {
  const again = { ...one, instance_reference: "loaded again" };

  const known = new Set([one.instance_reference]);

  expect(arrivals(known, withThose(one, again))).toEqual([again]);
});

it("tells two notebooks of the same name apart by their kernels", () => {
  const claims = [{ instance_reference: one.instance_reference, kernel_id: "of a/same.ipynb" }];

  expect(isUsedBy(one, claims, new Set(["of a/same.ipynb"]))).toBe(true);
  expect(isUsedBy(one, claims, new Set(["of b/same.ipynb"]))).toBe(false);
});

it("knows who uses another instance of the same name", () => {
  const claims = [{ instance_reference: "another", kernel_id: "k" }];

  expect(isUsedBy(one, claims, new Set(["k"]))).toBe(false);
});
