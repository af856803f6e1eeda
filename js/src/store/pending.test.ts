import { expect, it } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import loading from "../../../tests/wire_samples/activity_loading.json" with { type: "json" };
import problems from "../../../tests/wire_samples/activity_problems.json" with { type: "json" };
import type { Activity, Command, Instance } from "../protocol/protocol";
import { instanceSubjects, isSettled, isShownOnTop, subject, switchSubject } from "./pending";

const before = idle as Activity;
const [chat] = before.instances as [Instance];

function settled(command: Command, after: Activity, from: Activity = before): boolean {
  return isSettled({ command, phase: "taken", before: from }, after);
}

function withChat(change: Partial<Instance>): Activity {
  return { ...before, instances: [{ ...chat, ...change }, ...before.instances.slice(1)] };
}

it("names a click by what it acts on", () => {
  expect(subject({ kind: "unload", identifier: "a" })).toBe("unload:a");
  expect(subject({ kind: "cancel_load", load_id: "7" })).toBe("cancel_load:7");
  expect(subject({ kind: "dismiss", problem_id: "p" })).toBe("dismiss:p");
  expect(subject({ kind: "refresh" })).toBe("refresh");
});

it("sees a load when it begins, not when another one does", () => {
  const load = { kind: "load", identifier: null, ttl_s: 60, config: {} } as const;

  expect(settled({ ...load, model_key: "google/gemma-3-12b" }, loading as Activity)).toBe(true);
  expect(settled({ ...load, model_key: "qwen/qwen3-4b-2507" }, loading as Activity)).toBe(false);
});

it("sees an unload when the instance is gone or has been loaded anew", () => {
  const unload: Command = { kind: "unload", identifier: "chat" };

  expect(settled(unload, before)).toBe(false);
  expect(settled(unload, { ...before, instances: [] })).toBe(true);
  expect(settled(unload, withChat({ instance_reference: "another" }))).toBe(true);
});

it("tells two instances of one identifier apart by their references", () => {
  const there = { ...chat, instance_reference: "ref-there", device: "box" };
  const both = { ...before, instances: [...before.instances, there] };
  const unload = (instance_reference: string): Command => ({
    kind: "unload",
    identifier: "chat",
    instance_reference,
  });

  expect(subject(unload("ref-chat"))).not.toBe(subject(unload("ref-there")));
  expect(settled(unload("ref-there"), before, both)).toBe(true);
  expect(settled(unload("ref-chat"), before, both)).toBe(false);
});

it("sees a cancelled load when it is on its way out", () => {
  const cancel: Command = { kind: "cancel_load", load_id: "load-7" };
  const from = loading as Activity;
  const cancelling = from.loads.map((load) => ({ ...load, cancelling: true }));

  expect(settled(cancel, from, from)).toBe(false);
  expect(settled(cancel, { ...from, loads: cancelling }, from)).toBe(true);
  expect(settled(cancel, { ...from, loads: [] }, from)).toBe(true);
});

it("sees another TTL and a pin", () => {
  const ttl: Command = { kind: "set_ttl", identifier: "chat", ttl_s: 1800 };
  const pin: Command = { kind: "pin", identifier: "chat", pinned: true };

  expect(settled(ttl, before)).toBe(false);
  expect(settled(ttl, withChat({ ttl_s: 1800 }))).toBe(true);
  expect(settled(pin, withChat({ pinned: true }))).toBe(true);
});

it("lets go when a problem has come up, or everything is another", () => {
  const unload: Command = { kind: "unload", identifier: "chat" };

  expect(settled(unload, { ...before, problems: (problems as Activity).problems })).toBe(true);
  expect(settled(unload, { ...before, epoch: "restarted" })).toBe(true);
});

it("gives a row the subjects of the commands that its buttons send", () => {
  const [instance] = (idle as Activity).instances as [Instance];
  const { identifier, instance_reference } = instance;
  const named = { identifier, instance_reference };

  expect(instanceSubjects(instance)).toEqual({
    unload: subject({ kind: "unload", ...named }),
    pin: subject({ kind: "pin", ...named, pinned: true }),
    set_ttl: subject({ kind: "set_ttl", ...named, ttl_s: null }),
    reload: subject({ kind: "reload", ...named, ttl_s: null }),
  });
  expect(switchSubject()).toBe(subject({ kind: "switch_host", address: "there" }));
});

it.each([
  [{ kind: "refresh" }, true],
  [{ kind: "dismiss", problem_id: "p" }, true],
  [{ kind: "cancel_load", load_id: "7" }, true],
  [{ kind: "load_again", instance_reference: "r" }, true],
  [{ kind: "unload", identifier: "refresh" }, false],
  [{ kind: "switch_host", address: "" }, false],
] as const)("shows the refusal of %o on top: %s", (command, isOnTop) => {
  expect(isShownOnTop(subject(command))).toBe(isOnTop);
});
