import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import loading from "../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import catalog from "../../../tests/wire_samples/catalog.json" with { type: "json" };
import load from "../../../tests/wire_samples/command_load.json" with { type: "json" };
import refused from "../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Activity, Catalog, Command, Reply } from "../protocol/protocol";
import { FakeTransport } from "../transport/fake";
import { loadSubject } from "./pending";
import { createStore, QUEUED_MS, TAKEN_MS } from "./store";

const activity = idle as Activity;
const LOAD = load as Command;
const NAME = loadSubject("google/gemma-3-12b");

function setUp() {
  const transport = new FakeTransport();
  const store = createStore(transport);
  transport.deliver(activity);
  return { transport, store };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("slices", () => {
  it("keeps the newest of each kind", () => {
    const { transport, store } = setUp();
    transport.deliver(catalog as Catalog);
    transport.deliver({ ...activity, revision: activity.revision - 1, instances: [] });

    expect(store.get().activity?.instances).toHaveLength(3);
    expect(store.get().catalog).toEqual(catalog);
    store.close();
  });

  it("takes a new epoch whatever its revision", () => {
    const { transport, store } = setUp();

    transport.deliver({ ...activity, epoch: "restarted", revision: 0, instances: [] });

    expect(store.get().activity?.instances).toEqual([]);
    store.close();
  });

  it("gives a row that did not change the same object again", () => {
    const { transport, store } = setUp();
    const before = store.get().activity;
    const next: Activity = structuredClone({ ...activity, revision: activity.revision + 1 });
    if (next.instances[0]) next.instances[0].queued = 1;

    transport.deliver(next);

    const after = store.get().activity;
    expect(after?.instances[0]).not.toBe(before?.instances[0]);
    expect(after?.instances[1]).toBe(before?.instances[1]);
    expect(after?.host).toBe(before?.host);
    expect(after).toEqual(next);
    store.close();
  });

  it("tells nobody anything once it is closed", () => {
    const { transport, store } = setUp();
    const listener = vi.fn();
    store.subscribe(listener);

    store.close();

    expect(transport.isOpen).toBe(false);
    expect(listener).not.toHaveBeenCalled();
  });
});

describe("clicks", () => {
  it("sends five impatient clicks once", async () => {
    const { transport, store } = setUp();

    await Promise.all(Array.from({ length: 5 }, () => store.send(LOAD)));

    expect(transport.sent).toEqual([LOAD]);
    store.close();
  });

  it("holds a taken load until it is seen", async () => {
    const { transport, store } = setUp();
    await store.send(LOAD);
    expect(store.get().pending.get(NAME)?.phase).toBe("taken");

    transport.deliver(loading as Activity);

    expect(store.get().pending.has(NAME)).toBe(false);
    store.close();
  });

  it("lets go of a taken click whose effect is never seen", async () => {
    const { store } = setUp();
    await store.send(LOAD);

    vi.advanceTimersByTime(TAKEN_MS);

    expect(store.get().pending.size).toBe(0);
    store.close();
  });

  it("says after a second that a click waits in a busy kernel", async () => {
    const { transport, store } = setUp();
    let answer: (reply: Reply) => void = () => {};
    transport.answer = () => new Promise((resolve) => (answer = resolve));
    const sending = store.send(LOAD);
    expect(store.get().pending.get(NAME)?.phase).toBe("sent");

    vi.advanceTimersByTime(QUEUED_MS);
    expect(store.get().pending.get(NAME)?.phase).toBe("queued");

    answer({ kind: "accepted", now: activity.now });
    await sending;
    expect(store.get().pending.get(NAME)?.phase).toBe("taken");
    store.close();
  });

  it("keeps a refusal where the click was, until the next click or until it is read", async () => {
    const { transport, store } = setUp();
    transport.answer = () => refused as Reply;
    await store.send(LOAD);
    expect(store.get().refusals.get(NAME)?.code).toBe("instance_exists");
    expect(store.get().pending.size).toBe(0);

    store.forgive(NAME);
    expect(store.get().refusals.size).toBe(0);

    await store.send(LOAD);
    transport.answer = () => ({ kind: "accepted", now: activity.now });
    await store.send(LOAD);
    expect(store.get().refusals.size).toBe(0);
    store.close();
  });

  it("answers a question without holding anything", async () => {
    const { transport, store } = setUp();
    const reply: Reply = {
      kind: "estimated",
      estimate: {
        total_bytes: 1,
        vram_bytes: 1,
        confidence: "high",
        passes_guardrails: true,
        source: null,
      },
      evicts: [],
      makes_room: [],
      context_length: null,
    };
    transport.answer = () => reply;

    expect(await store.ask({ kind: "estimate", model_key: "m", config: {} })).toBe(reply);
    expect(store.get().pending.size).toBe(0);
    store.close();
  });

  it("has no timer left once it is closed", async () => {
    const { store } = setUp();
    await store.send(LOAD);

    store.close();

    expect(vi.getTimerCount()).toBe(0);
  });
});
