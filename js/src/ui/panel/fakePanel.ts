import { act, cleanup, fireEvent, screen } from "@testing-library/preact";
import { afterEach, beforeEach, vi } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import estimated from "../../../../tests/wire_samples/reply_estimated.json" with { type: "json" };
import found from "../../../../tests/wire_samples/reply_found.json" with { type: "json" };
import hosts from "../../../../tests/wire_samples/reply_hosts.json" with { type: "json" };
import profiles from "../../../../tests/wire_samples/reply_profiles.json" with { type: "json" };
import type { Activity, Command, Reply, Slice } from "../../protocol/protocol";
import { FakeTransport } from "../../transport/fake";
import type { Link } from "../../transport/transport";
import { details } from "./fakeDetails";
import { mount } from "./mount";

/** A panel in a page for tests, on clocks that the test moves. */
export const three = idle as Activity;
const mounted: (() => void)[] = [];

/** Draw the panel and deliver these to it. */
export async function show(...news: (object | Link)[]): Promise<FakeTransport> {
  const transport = new FakeTransport();
  const element = document.body.appendChild(document.createElement("div"));
  await act(() => {
    mounted.push(mount(element, transport, { details }));
  });
  // Somebody is about to use it: what opens in it is there by their first click.
  fireEvent.focusIn(element.querySelector("section") as Element);
  await Promise.resolve();
  for (const update of news) await deliver(transport, update);
  return transport;
}

type Answers = Partial<Record<Command["kind"], object>>;
const ANSWERS: Answers = {
  estimate: estimated,
  find_downloads: found,
  list_hosts: hosts,
  list_profiles: profiles,
};

/** The same with a host that has an answer to each question, and takes every other command. */
export async function showAnswered(
  news: readonly (object | Link)[],
  answers: Answers = {},
): Promise<FakeTransport> {
  const transport = await show(...news);
  const known = { ...ANSWERS, ...answers };
  transport.answer = ({ kind }) =>
    (known[kind] ?? { kind: "accepted", now: transport.now() }) as Reply;
  return transport;
}

/** What was sent to change something; what a page only asks is left out. */
export const clicks = ({ sent }: FakeTransport) => sent.filter(({ kind }) => kind !== "read_diary");
/** Take the panel out of the page that was drawn last. */
export const leave = () => mounted.pop()?.();
export const deliver = (transport: FakeTransport, news: object | Link) =>
  act(() => transport.deliver(news as Slice | Link));
export const wait = (ms: number) =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
  });
export const button = (name: string | RegExp) => screen.getByRole("button", { name });
export const press = (name: string | RegExp) =>
  act(async () => {
    fireEvent.click(button(name));
  });
export const isDisabled = (name: string) => button(name).getAttribute("aria-disabled") === "true";
export const timers = () => screen.getAllByRole("timer").map(({ textContent }) => textContent);
export const later = (change: Partial<Activity>): Activity => ({
  ...three,
  revision: three.revision + 1,
  ...change,
});

/**
 * Take everything out of the page that a test has drawn.
 *
 * What is put off when a panel goes is done here, and not under the clocks of the next file: a
 * countdown that stays would keep the one timer of all panels.
 */
export async function clear(): Promise<void> {
  await act(() => {
    for (const unmount of mounted.splice(0)) unmount();
    cleanup();
  });
  document.body.replaceChildren();
}

/** Begin and end each test of a file with an empty page and clocks of its own. */
export function cleanly(): void {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(async () => {
    await clear();
    localStorage.clear();
    vi.useRealTimers();
  });
}
