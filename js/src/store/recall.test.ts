import { beforeEach, expect, it, vi } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Activity, Instance } from "../protocol/protocol";
import { FakeTransport } from "../transport/fake";
import {
  HOSTS_KEPT,
  keep,
  keepOrder,
  MODELS_KEPT,
  ORDER_PLACE,
  PLACE,
  recall,
  recallOrder,
  type Shelf,
} from "./recall";
import { createStore } from "./store";

const activity = idle as Activity;
const [chat] = activity.instances as [Instance];
const used = (...keys: string[]) => new Map(keys.map((key, place) => [key, 1000 - place]));

beforeEach(() => localStorage.clear());

function storeWith(...news: Activity[]) {
  const transport = new FakeTransport();
  const store = createStore(transport);
  for (const slice of news) transport.deliver(slice);
  return store;
}

it("knows on the next page what was used on this one", () => {
  storeWith(activity).close();

  const store = storeWith({ ...activity, epoch: "another", instances: [] });

  expect(store.get().used.get(chat.model_key)).toBe(chat.idle_since);
});

it("takes what it sees before what it remembers", () => {
  keep(activity.host.address, new Map([[chat.model_key, activity.now - 86_400]]));
  const busy: Instance = { ...chat, status: "generating" };

  const store = storeWith({ ...activity, instances: [busy] });

  expect(store.get().used.get(chat.model_key)).toBe(activity.now);
});

it("keeps every host's own, also on a page that goes over to another", () => {
  const host = { ...activity.host, address: "there:1234" };
  const store = storeWith(activity, { ...activity, epoch: "another", host, instances: [] });

  expect([...store.get().used]).toEqual([]);
  expect([...recall(activity.host.address).keys()]).toContain(chat.model_key);
  expect([...recall("there:1234")]).toEqual([]);
});

it("goes on with what was kept, by whichever page", () => {
  keep("here", used("a", "b"));
  keep("here", new Map([["c", 2000]]));

  expect([...recall("here").keys()]).toEqual(["c", "a", "b"]);
});

it("grows no further than it has to", () => {
  for (let host = 0; host < 2 * HOSTS_KEPT; host += 1) {
    keep(`host-${host}`, used(...Array.from({ length: 2 * MODELS_KEPT }, (_, key) => `m${key}`)));
  }

  expect(recall("host-0").size).toBe(0);
  expect([...recall(`host-${2 * HOSTS_KEPT - 1}`).keys()].at(-1)).toBe(`m${MODELS_KEPT - 1}`);
  expect(Object.keys(localStorage)).toEqual([PLACE]);
  expect(JSON.parse(localStorage.getItem(PLACE) ?? "")).toHaveLength(HOSTS_KEPT);
});

it("writes only when the order is another", () => {
  const written: string[] = [];
  const shelf: Shelf = {
    getItem: () => written.at(-1) ?? null,
    setItem: (_, text) => void written.push(text),
  };
  keep("here", used("a", "b"), shelf);
  keep("here", new Map([["a", 3000]]), shelf);
  expect(written).toHaveLength(1);

  keep("here", new Map([["b", 4000]]), shelf);
  expect(written).toHaveLength(2);
});

it.each(["", "7", "null", '{"here":1}', '[["here",7]]', '[["here",[["a","x"],["b"]]]]', "[[]]"])(
  "makes nothing of what somebody else wrote there: %s",
  (text) => {
    localStorage.setItem(PLACE, text);

    expect([...recall("here")]).toEqual([]);
    keep("here", used("a"));
    expect([...recall("here").keys()]).toEqual(["a"]);
  },
);

it("knows how models were sorted, and makes nothing of an order that it does not know", () => {
  expect(recallOrder()).toBe("recent");
  keepOrder("size");
  expect(recallOrder()).toBe("size");

  localStorage.setItem(ORDER_PLACE, "by colour");
  expect(recallOrder()).toBe("recent");
});

it("does without where a page has no such place, or it is full", () => {
  const full: Shelf = {
    getItem: () => null,
    setItem: () => {
      throw new DOMException("Full.", "QuotaExceededError");
    },
  };
  keep("here", used("a"), full);
  expect([...recall("here", full)]).toEqual([]);

  vi.stubGlobal("localStorage", undefined);
  keep("here", used("a"));
  expect([...recall("here")]).toEqual([]);
});

it("does without where a page is refused it", () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "localStorage") as PropertyDescriptor;
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get: () => {
      throw new DOMException("The document is sandboxed.", "SecurityError");
    },
  });

  const store = storeWith(activity);

  expect(store.get().used.get(chat.model_key)).toBe(chat.idle_since);
  Object.defineProperty(globalThis, "localStorage", own);
});
