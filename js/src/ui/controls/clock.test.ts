import { act } from "@testing-library/preact";
import { beforeEach, describe, expect, it, vi } from "vitest";
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import { cleanly, leave, show, three, timers, wait } from "../panel/fakePanel";
import { putTicking } from "./clock";

/** What the browser is told to watch, and how it says what is in sight. */
const watched = new Set<Element>();
let tell: (row: Element, isIntersecting: boolean) => void = () => {};

class FakeObserver {
  constructor(seen: (entries: { target: Element; isIntersecting: boolean }[]) => void) {
    tell = (target, isIntersecting) => seen([{ target, isIntersecting }]);
  }
  observe = (row: Element) => void watched.add(row);
  unobserve = (row: Element) => void watched.delete(row);
  disconnect = () => {};
}

cleanly();
beforeEach(() => void vi.stubGlobal("IntersectionObserver", FakeObserver));

const scrolledAway = () => {
  const [first] = watched;
  if (first === undefined) throw new Error("No row is watched.");
  return first;
};

describe("rows that count", () => {
  it("stand still out of sight, and are right as soon as they are back", async () => {
    await show(catalog, three, "live");
    expect(timers().slice(1)).toEqual(["unloads in 4:12", "unloads in 59:55"]);

    tell(scrolledAway(), false);
    await wait(3000);
    expect(timers().slice(1)).toEqual(["unloads in 4:12", "unloads in 59:52"]);

    tell(scrolledAway(), true);
    expect(timers().slice(1)).toEqual(["unloads in 4:09", "unloads in 59:52"]);
    await wait(1000);
    expect(timers().slice(1)).toEqual(["unloads in 4:08", "unloads in 59:51"]);
  });

  it("leave nothing behind that watches or counts", async () => {
    await show(catalog, three, "live");
    tell(scrolledAway(), false);
    expect(watched.size).toBeGreaterThan(0);

    await act(leave);

    expect(watched.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a text that changes by the second", () => {
  it("has its room from its length alone", () => {
    const element = document.createElement("span");

    putTicking(element, "9:59");
    expect([element.textContent, element.style.inlineSize]).toEqual(["9:59", "3.5ch"]);
    putTicking(element, "1:09:59");
    expect([element.textContent, element.style.inlineSize]).toEqual(["1:09:59", "6ch"]);
  });
});
