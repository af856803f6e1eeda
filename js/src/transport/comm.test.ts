import { afterEach, beforeEach, expect, it, vi } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import catalog from "../../../tests/wire_samples/catalog.json" with { type: "json" };
import accepted from "../../../tests/wire_samples/reply_accepted.json" with { type: "json" };
import type { Command, Reply, Slice } from "../protocol/protocol";
import { commTransport, EXPIRES_S } from "./comm";
import { FakeModel } from "./fakeModel";
import { PATIENCE_MS } from "./pulse";
import type { Link } from "./transport";

const UNLOAD: Command = { kind: "unload", identifier: "chat" };
const ACCEPTED = accepted as Reply;

function open(model: FakeModel) {
  const slices: Slice[] = [];
  const links: Link[] = [];
  const transport = commTransport(model);
  const close = transport.open({
    slice: (slice) => slices.push(slice),
    link: (link) => links.push(link),
  });
  return { transport, slices, links, close };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("delivers what the model holds, then what changes, and nothing before the manager spoke", () => {
  const model = new FakeModel();
  model.traits.catalog = catalog;
  const { slices, close } = open(model);
  expect(slices).toEqual([catalog]);

  model.push(idle);

  expect(slices).toEqual([catalog, idle]);
  close();
});

it("gives each answer to the click it belongs to", async () => {
  const model = new FakeModel();
  const { transport, close } = open(model);
  const first = transport.send(UNLOAD);
  const second = transport.send({ kind: "refresh" });
  const refused: Reply = {
    kind: "refused",
    problem: { code: "x", title: "No.", hint: "", problem_id: "", model_key: null },
  };

  model.reply(model.of("refresh")[0], refused);
  model.reply(model.of("unload")[0], ACCEPTED);

  expect(await first).toEqual(ACCEPTED);
  expect(await second).toEqual(refused);
  close();
});

it("never names a key of a message `id`, and never gives two clicks the same name", () => {
  const model = new FakeModel();
  const { transport, close } = open(model);
  void transport.send(UNLOAD);
  void transport.send(UNLOAD);

  expect(new Set(model.sent.map(({ rid }) => rid)).size).toBe(model.sent.length);
  expect(model.sent.flatMap(Object.keys)).not.toContain("id");
  close();
});

it("lets a click expire by the host's clock, and not at all while that is unknown", () => {
  const model = new FakeModel();
  const { transport, close } = open(model);
  void transport.send(UNLOAD);
  model.push(idle);
  vi.advanceTimersByTime(5000);
  void transport.send(UNLOAD);

  const [unknown, known] = model.of("unload");
  expect(unknown?.expires_at).toBeNull();
  expect(known?.expires_at).toBeCloseTo(idle.now + 5 + EXPIRES_S, 1);
  close();
});

it("corrects the host's clock by what a reply tells, and never backwards", () => {
  const model = new FakeModel();
  model.traits.activity = idle;
  const { transport, close } = open(model);

  model.reply(model.of("attend")[0], { kind: "accepted", now: idle.now + 600 });
  expect(transport.now()).toBeCloseTo(idle.now + 600, 1);

  model.push({ ...idle, revision: idle.revision + 1 });
  expect(transport.now()).toBeCloseTo(idle.now + 600, 1);

  model.push({ ...idle, epoch: "another", now: 1000 });
  expect(transport.now()).toBeCloseTo(1000, 1);
  close();
});

it("gives a click up when it has expired", async () => {
  const model = new FakeModel();
  const { transport, close } = open(model);
  const reply = transport.send(UNLOAD);

  vi.advanceTimersByTime(EXPIRES_S * 1000);

  expect(await reply).toMatchObject({ kind: "refused", problem: { code: "no_answer" } });
  close();
});

it("says that nobody is there when nothing was ever heard", () => {
  const model = new FakeModel();
  const { links, close } = open(model);
  expect(links).toEqual([]);

  vi.advanceTimersByTime(PATIENCE_MS);

  expect(links).toEqual(["absent"]);
  close();
});

it("says that the kernel is busy when it was there and does not answer now", () => {
  const model = new FakeModel();
  const { transport, links, close } = open(model);
  model.reply(model.of("attend")[0], ACCEPTED);
  void transport.send(UNLOAD);

  vi.advanceTimersByTime(PATIENCE_MS);
  expect(links).toEqual(["live", "busy"]);

  model.push(idle);
  expect(links).toEqual(["live", "busy", "live"]);
  close();
});

it("is absent for good once the comm has closed", () => {
  const model = new FakeModel();
  const { links, close } = open(model);
  model.push(idle);

  model.emit("comm:close");
  model.push({ ...idle, revision: 99 });

  expect(links).toEqual(["live", "absent"]);
  close();
});

it("is absent while the front end sees no kernel, and back when somebody answers", () => {
  const model = new FakeModel();
  const { links, close } = open(model);
  model.push(idle);

  model.emit("comm_live_update");
  expect(links).toEqual(["live", "absent"]);

  model.reply(model.of("attend").at(-1), ACCEPTED);
  expect(links).toEqual(["live", "absent", "live"]);
  close();
});

it("refuses a click on a kernel that has died, and throws nothing", async () => {
  const model = new FakeModel();
  const { transport, links, close } = open(model);
  model.push(idle);
  model.dead = true;

  expect(await transport.send(UNLOAD)).toMatchObject({ problem: { code: "no_answer" } });
  expect(links).toEqual(["live", "absent"]);
  close();
  expect(vi.getTimerCount()).toBe(0);
});

it("leaves nothing behind: no listener, no timer, no open promise", async () => {
  const model = new FakeModel();
  const { transport, close } = open(model);
  const reply = transport.send(UNLOAD);

  close();

  expect(model.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  expect(await reply).toMatchObject({ kind: "refused", problem: { code: "closed" } });
  expect(await transport.send(UNLOAD)).toMatchObject({ kind: "refused" });
  expect(model.of("attend").at(-1)?.command).toMatchObject({ visible: false });
});
