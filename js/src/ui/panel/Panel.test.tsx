import { act, fireEvent, screen, within } from "@testing-library/preact";
import { describe, expect, it, vi } from "vitest";
import busy from "../../../../tests/wire_samples/activity_busy.json" with { type: "json" };
import connecting from "../../../../tests/wire_samples/activity_connecting.json" with {
  type: "json",
};
import empty from "../../../../tests/wire_samples/activity_empty.json" with { type: "json" };
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import loading from "../../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import lost from "../../../../tests/wire_samples/activity_lost.json" with { type: "json" };
import problems from "../../../../tests/wire_samples/activity_problems.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import emptyCatalog from "../../../../tests/wire_samples/catalog_empty.json" with { type: "json" };
import load from "../../../../tests/wire_samples/command_load.json" with { type: "json" };
import loadAgain from "../../../../tests/wire_samples/command_load_again.json" with {
  type: "json",
};
import refused from "../../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Reply } from "../../protocol/protocol";
import { QUEUED_MS } from "../../store/store";
import { UNDO_MS } from "../instances/UndoRow";
import {
  button,
  cleanly,
  clicks,
  deliver,
  isDisabled,
  later,
  leave,
  press,
  show,
  three,
  timers,
  wait,
} from "./fakePanel";

cleanly();

/** What is not in memory is loaded once, whoever else asks for it at the same moment. */
const ensure = { ...load, mode: "ensure", identifier: null, config: {}, ttl_is_default: true };

describe("what is in memory", () => {
  it("shows each instance with its facts and the time it has left", async () => {
    await show(catalog, three, "live");

    const list = screen.getByRole("region", { name: "In memory" });
    const rows = within(list).getAllByRole("listitem");
    expect(rows).toHaveLength(3);
    expect(rows[0]?.textContent).toContain("4:12chatqwen/qwen3-4b-2507");
    const facts = [...(rows[0]?.querySelectorAll(".lms-Row-facts > span") ?? [])];
    expect(facts.map(({ textContent }) => textContent).filter(Boolean)).toEqual([
      "8,192 tokens",
      "3.3\u00a0GB",
      "4B",
      "Q4_K_M",
      "tools",
    ]);
    expect(rows[2]?.textContent).toContain("no TTL");
  });

  it("says where an instance is not as asked, and whose it is", async () => {
    await show(catalog, engine, "live");

    const row = screen.getByText("my-coder").closest("li");
    expect(row?.textContent).toContain("asked 65,536, got 32,768 +1");

    await press("More about my-coder");
    expect(row?.textContent).toContain(
      "Not as askedasked 65,536, got 32,768 · GPU offload: asked max, got off",
    );
    expect(row?.textContent).toContain("Loaded byanalysis.ipynb");
    await press("More about chat");
    expect(screen.getByText("chat").closest("li")?.textContent).toContain("Loaded bytour.ipynb");
  });

  it("tells how fast an instance generates, where the host does", async () => {
    await show(catalog, busy, "live");

    expect(screen.getByText("chat").closest("li")?.textContent).toContain("42 tok/s");
  });

  it("draws what was in memory and until when it stays, when asked", async () => {
    const transport = await show(catalog, three, "live");
    await deliver(transport, later({ now: three.now + 10, instances: three.instances.slice(1) }));

    const summary = screen.getByText("Timeline");
    const timeline = summary.closest("details") as HTMLDetailsElement;
    await act(() => {
      timeline.open = true;
      fireEvent(timeline, new Event("toggle"));
    });

    const strips = within(timeline).getAllByRole("img");
    expect(strips).toHaveLength(3);
    expect(strips[0]?.getAttribute("aria-label")).toMatch(/^chat: first seen at .+, unloaded at /);
    expect(strips[1]?.querySelectorAll("rect")).toHaveLength(2);
  });

  it("counts down by itself, all countdowns on one timer", async () => {
    await show(catalog, three, "live");
    expect(timers()).toEqual(["next unload in 4:12", "unloads in 4:12", "unloads in 59:55"]);

    await wait(2000);

    expect(timers()).toEqual(["next unload in 4:10", "unloads in 4:10", "unloads in 59:53"]);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("has no timer while the page is hidden, and is right when it is back", async () => {
    const turn = (state: DocumentVisibilityState) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      return act(() => void document.dispatchEvent(new Event("visibilitychange")));
    };
    await show(catalog, three, "live");
    await wait(500);

    await turn("hidden");
    expect(vi.getTimerCount()).toBe(0);
    await wait(60_000);
    await turn("visible");

    expect(timers()[1]).toBe("unloads in 3:12");
  });

  it("says in use instead of a countdown while an instance works", async () => {
    await show(catalog, busy, "live");

    const list = screen.getByRole("region", { name: "In memory" });
    expect(within(list).getAllByText("in use")).toHaveLength(2);
    expect(within(list).getByText("42 tok/s, 2 queued")).toBeTruthy();
    expect(screen.queryByRole("timer")).toBeNull();
  });

  it("does nothing by itself once it is unmounted", async () => {
    const transport = await show(catalog, three, "live");

    leave();
    await wait(1000);

    expect(transport.isOpen).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("offers another TTL and a pin only where the host can", async () => {
    await show(catalog, three, "live");
    await press("More about chat");
    expect(screen.queryByRole("button", { name: "Pin" })).toBeNull();
    expect(screen.queryByRole("group", { name: "Unload when idle for" })).toBeNull();
    leave();
    document.body.replaceChildren();

    const transport = await show(catalog, engine, "live");
    await press("More about chat");
    await press("Pin");
    await press(/^30.min$/);

    expect(clicks(transport)).toEqual([
      { kind: "pin", identifier: "chat", instance_reference: "ref-chat", pinned: true },
      { kind: "set_ttl", identifier: "chat", instance_reference: "ref-chat", ttl_s: 1800 },
    ]);
  });

  it("shows names as text, whatever they hold", async () => {
    const name = "<img src=x onerror=alert(1)>";
    const [first] = three.instances;
    await show(catalog, later({ instances: [{ ...first, identifier: name } as never] }), "live");

    expect(button(`Unload ${name}`)).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
  });
});

describe("unloading", () => {
  const gone = later({ instances: three.instances.slice(1) });

  it("sends one command, shows at once that it was taken, and offers to undo it", async () => {
    const transport = await show(catalog, three, "live");

    await press("Unload chat");
    await press("Unload chat");
    expect(transport.sent).toEqual([
      { kind: "unload", identifier: "chat", instance_reference: "ref-chat" },
    ]);
    expect(isDisabled("Unload chat")).toBe(true);

    await deliver(transport, gone);
    await press("Undo: load chat again");

    expect(transport.sent[1]).toEqual(loadAgain);
    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("takes the offer back after six seconds", async () => {
    const transport = await show(catalog, three, "live");
    await press("Unload chat");
    await deliver(transport, gone);

    await wait(UNDO_MS);

    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("offers nothing when an instance leaves by itself", async () => {
    const transport = await show(catalog, three, "live");

    await deliver(transport, gone);

    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("offers nothing when the unload was refused and the instance expires later", async () => {
    const transport = await show(catalog, three, "live");
    transport.answer = () => refused as Reply;
    await press("Unload chat");
    expect(screen.getByRole("alert").textContent).toContain("in memory already");

    await deliver(transport, gone);

    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  it("asks once more before it unloads all", async () => {
    const transport = await show(catalog, three, "live");
    await press("Unload all");
    expect(transport.sent).toEqual([]);

    await press("Unload all 3, 1 in use?");

    expect(transport.sent).toHaveLength(3);
  });
});

describe("loading", () => {
  it("loads with one click for an hour of idleness", async () => {
    const transport = await show(catalog, three, "live");

    await press("Load google/gemma-3-12b");

    expect(transport.sent).toEqual([ensure]);
    expect(isDisabled("Loading google/gemma-3-12b")).toBe(true);
  });

  it("shows how far a load is and cancels it", async () => {
    const transport = await show(catalog, loading, "live");

    expect(screen.getByRole<HTMLProgressElement>("progressbar").value).toBe(0.625);
    expect(screen.getByText(/loading 63% · about 12 s left/)).toBeTruthy();
    await press("Cancel loading gemma");

    expect(transport.sent).toEqual([{ kind: "cancel_load", load_id: "load-7" }]);
    expect(screen.getByText("cancelling")).toBeTruthy();
  });

  it("shows a refusal where the click was, and puts it away", async () => {
    const transport = await show(catalog, three, "live");
    transport.answer = () => refused as Reply;

    await press("Load google/gemma-3-12b");

    const alert = screen.getByRole("alert");
    expect(alert.closest("li")?.textContent).toContain("google/gemma-3-12b");
    expect(alert.textContent).toContain("Choose another identifier");
    await press(`Dismiss: ${refused.problem.title}`);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says that the kernel is busy when a click waits", async () => {
    const transport = await show(catalog, three, "live");
    transport.answer = () => new Promise(() => {});
    await press("Load google/gemma-3-12b");

    await wait(QUEUED_MS);

    expect(screen.getByText("Queued: the kernel is busy").getAttribute("role")).toBe("status");
  });
});

describe("when things are not as they should be", () => {
  it("says how old the picture is when the host is lost, and lets nobody act on it", async () => {
    const transport = await show(catalog, lost, "live");

    expect(screen.getByText(/Connection lost · snapshot from .*\d\d:\d\d/)).toBeTruthy();
    expect(isDisabled("Unload chat")).toBe(true);
    expect(isDisabled("Load google/gemma-3-12b")).toBe(true);
    expect(screen.queryByRole("timer")).toBeNull();
    await press("Unload chat");
    expect(transport.sent).toEqual([]);
  });

  it("says that the picture is not live when nobody answers", async () => {
    await show(catalog, three, "absent");

    expect(screen.getByText(/Snapshot from .*not live/)).toBeTruthy();
    expect(isDisabled("Unload chat")).toBe(true);
    expect(isDisabled("Refresh")).toBe(true);
  });

  it("says what went wrong and what helps, and puts it away", async () => {
    const transport = await show(catalog, problems, "live");
    const [first] = problems.problems;
    expect(screen.getAllByRole("alert")).toHaveLength(2);
    expect(screen.getByText(first?.hint ?? "")).toBeTruthy();

    await press(`Dismiss: ${first?.title}`);

    expect(transport.sent).toEqual([{ kind: "dismiss", problem_id: "problem-1" }]);
  });

  it("tries a failed load again as it was asked for", async () => {
    const transport = await show(catalog, three, "live");
    await press("Load google/gemma-3-12b");
    const problem = { ...problems.problems[0], model_key: "google/gemma-3-12b" };
    await deliver(transport, later({ problems: [problem as never] }));

    await press("Try again: load google/gemma-3-12b");

    expect(transport.sent).toEqual([ensure, { kind: "dismiss", problem_id: "problem-1" }, ensure]);
  });

  it("offers no second try for a load that was asked for elsewhere", async () => {
    await show(catalog, problems, "live");

    expect(screen.queryByRole("button", { name: /Try again/ })).toBeNull();
  });

  it("teaches where there is nothing to show", async () => {
    const transport = await show(catalog, empty, "live");
    expect(screen.getByText(/Nothing in memory/).textContent).toContain("%lms load");
    await deliver(transport, { ...emptyCatalog, revision: 9 });
    expect(screen.getByText(/No models on this host/)).toBeTruthy();
    expect(screen.getByText(/Nothing in memory/).textContent).toBe("Nothing in memory.");
  });

  it("takes a host that was there and had nothing for a lost one, not for none", async () => {
    const transport = await show(emptyCatalog, empty, "live");

    const lost = { ...empty.host, link: "lost" as const };
    await deliver(transport, { ...empty, revision: 99, host: lost });

    expect(screen.queryByText("No LM Studio found.")).toBeNull();
    expect(screen.getByText(/snapshot from/)).toBeTruthy();
  });

  it("says what it is waiting for, and how to begin where there is no host", async () => {
    const transport = await show(emptyCatalog, connecting, "live");
    expect(screen.getByText("Looking for LM Studio…")).toBeTruthy();

    await deliver(transport, { ...empty, host: { ...connecting.host, link: "lost" } });

    expect(screen.getByText("No LM Studio found.")).toBeTruthy();
    await press("Refresh");
    expect(transport.sent).toEqual([{ kind: "refresh" }]);
  });

  it("offers to start an LM Studio that sleeps, and says that it is being started", async () => {
    const transport = await show(emptyCatalog, connecting, "live");
    const asleep = { ...connecting.host, link: "lost" as const, asleep: true };
    await deliver(transport, { ...empty, host: asleep });
    expect(screen.getByText("LM Studio is installed here and does not run.")).toBeTruthy();

    await press("Start LM Studio");

    expect(transport.sent).toEqual([{ kind: "wake_studio" }]);
    expect(isDisabled("Starting LM Studio…")).toBe(true);
    await deliver(transport, { ...empty, revision: 99, host: { ...asleep, asleep: false } });
    expect(screen.getByText("No LM Studio found.")).toBeTruthy();
  });

  it("offers to start an LM Studio that was there and has gone", async () => {
    const transport = await show(catalog, three, "live");
    await deliver(transport, {
      ...three,
      revision: 99,
      host: { ...three.host, link: "lost", asleep: true },
    });
    expect(screen.getByText(/snapshot from/)).toBeTruthy();

    await press("Start LM Studio");

    expect(transport.sent.at(-1)).toEqual({ kind: "wake_studio" });
  });

  it("speaks German on a German page", async () => {
    document.documentElement.lang = "de-DE";
    await show(catalog, three, "live");
    document.documentElement.lang = "en";

    expect(button("chat entladen")).toBeTruthy();
    expect(screen.getByText(/3,3 GB/)).toBeTruthy();
  });
});
