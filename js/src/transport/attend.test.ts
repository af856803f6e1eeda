import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Attend, Reply } from "../protocol/protocol";
import { attend, EVERY_MS } from "./attend";

const ACCEPTED: Reply = { kind: "accepted", now: 0 };

function show(visibilityState: DocumentVisibilityState): void {
  Object.defineProperty(document, "visibilityState", {
    value: visibilityState,
    configurable: true,
  });
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  show("visible");
  vi.useRealTimers();
});

it("says at once and every 20 s that somebody looks", async () => {
  const said: Attend[] = [];
  const leave = attend(async (command) => {
    said.push(command);
    return ACCEPTED;
  }, document);

  await vi.advanceTimersByTimeAsync(2 * EVERY_MS);

  expect(said.map(({ visible }) => visible)).toEqual([true, true, true]);
  expect(new Set(said.map(({ viewer }) => viewer)).size).toBe(1);
  leave();
});

it("says that nobody looks when the page is hidden, and does nothing until it is back", async () => {
  const said: boolean[] = [];
  const leave = attend(async ({ visible }) => {
    said.push(visible);
    return ACCEPTED;
  }, document);

  show("hidden");
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
  show("visible");

  expect(said).toEqual([true, false, true]);
  leave();
  expect(said).toEqual([true, false, true, false]);
  expect(vi.getTimerCount()).toBe(0);
});

it("puts one message into a busy kernel's queue, and the next as soon as it answers", async () => {
  const answers: ((reply: Reply) => void)[] = [];
  const leave = attend(() => new Promise((answer) => answers.push(answer)), document);
  await vi.advanceTimersByTimeAsync(2.5 * EVERY_MS);
  expect(answers).toHaveLength(1);

  answers[0]?.(ACCEPTED);
  await vi.advanceTimersByTimeAsync(0);

  expect(answers).toHaveLength(2);
  leave();
});

it("takes a message for lost that was not answered for a minute", async () => {
  let said = 0;
  const leave = attend(() => {
    said += 1;
    return new Promise(() => {});
  }, document);

  await vi.advanceTimersByTimeAsync(3 * EVERY_MS);

  expect(said).toBe(2);
  leave();
});
