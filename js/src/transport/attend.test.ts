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
  const sent: Attend[] = [];
  const leave = attend(async (command) => {
    sent.push(command);
    return ACCEPTED;
  }, document);

  await vi.advanceTimersByTimeAsync(2 * EVERY_MS);

  expect(sent.map(({ visible }) => visible)).toEqual([true, true, true]);
  expect(new Set(sent.map(({ viewer }) => viewer)).size).toBe(1);
  leave();
});

it("says that nobody looks when the page is hidden, and does nothing until it is back", async () => {
  const sent: boolean[] = [];
  const leave = attend(async ({ visible }) => {
    sent.push(visible);
    return ACCEPTED;
  }, document);

  show("hidden");
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
  show("visible");

  expect(sent).toEqual([true, false, true]);
  leave();
  expect(sent).toEqual([true, false, true, false]);
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
  let sent = 0;
  const leave = attend(() => {
    sent += 1;
    return new Promise(() => {});
  }, document);

  await vi.advanceTimersByTimeAsync(3 * EVERY_MS);

  expect(sent).toBe(2);
  leave();
});
