import { afterEach, beforeEach, expect, it, vi } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Envelope } from "../protocol/protocol";
import { commTransport } from "./comm";
import { FakeModel } from "./fakeModel";
import { PULL_MS } from "./pull";
import { PATIENCE_MS } from "./pulse";
import type { Link } from "./transport";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(pulls: boolean) {
  const model = new FakeModel();
  model.traits.pulls = pulls;
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const links: Link[] = [];
  const seen: string[] = [];
  const transport = commTransport(model, page as unknown as Document);
  const close = transport.open({
    slice: ({ kind }) => seen.push(kind),
    link: (link) => links.push(link),
  });
  const show = (visibilityState: string) => {
    page.visibilityState = visibilityState;
    page.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(1);
  };
  vi.advanceTimersByTime(1);
  return { model, links, seen, close, show };
}

const questions = ({ sent }: FakeModel) =>
  (sent as (Envelope | { pull?: true })[]).filter((one) => "pull" in one).length;
const answer = (model: FakeModel) => model.emit("msg:custom", { pulled: true });

it("asks nothing where the kernel speaks by itself", () => {
  const { model, close } = open(false);

  vi.advanceTimersByTime(10 * PULL_MS);

  expect(questions(model)).toBe(0);
  close();
});

it("asks for what is new a second after each answer, and shows what comes with it", () => {
  const { model, seen, links, close } = open(true);
  expect(questions(model)).toBe(1);

  model.push(idle);
  answer(model);
  vi.advanceTimersByTime(PULL_MS);

  expect(seen).toEqual(["activity"]);
  expect(links.at(-1)).toBe("live");
  expect(questions(model)).toBe(2);
  close();
  vi.advanceTimersByTime(10 * PULL_MS);
  expect(questions(model)).toBe(2);
  expect(model.listeners).toBe(0);
});

it("gives a kernel in the middle of a cell one question, and says that it is busy", () => {
  const { model, links, close } = open(true);
  answer(model);
  vi.advanceTimersByTime(PULL_MS);

  vi.advanceTimersByTime(20 * PULL_MS);

  expect(questions(model)).toBe(2);
  expect(links.at(-1)).toBe("busy");
  answer(model);
  expect(links.at(-1)).toBe("live");
  close();
});

it("asks nothing while nobody looks, and at once when somebody does again", () => {
  const { model, close, show } = open(true);
  answer(model);
  show("hidden");
  vi.advanceTimersByTime(10 * PULL_MS);
  expect(questions(model)).toBe(1);

  show("visible");

  expect(questions(model)).toBe(2);
  close();
});

it("begins anew with a kernel that came back, and bears one that is dead", () => {
  const { model, links, close } = open(true);
  model.dead = true;
  answer(model);
  vi.advanceTimersByTime(PULL_MS + PATIENCE_MS);
  expect(links.at(-1)).toBe("absent");

  model.dead = false;
  model.emit("comm_live_update");
  vi.advanceTimersByTime(1);

  expect(questions(model)).toBe(2);
  close();
});
