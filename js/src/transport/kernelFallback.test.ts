import { afterEach, beforeEach, expect, it, vi } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Activity, Command, Load, Problem, Slice } from "../protocol/protocol";
import { FakeTransport } from "./fake";
import { withKernelFallback } from "./kernelFallback";
import { besideKernel, type KernelFallback, offerKernelFallback } from "./offer";
import { type Link, refuse, type Transport } from "./transport";

const LOAD: Command = { kind: "load", model_key: "m", identifier: null, ttl_s: 60, config: {} };
const IDLE = idle as unknown as Activity;

/** A slice of the kernel or of the server, at the same host. */
function activity(epoch: string, change: Partial<Activity> = {}): Activity {
  return { ...IDLE, epoch, revision: 1, ...change };
}

function setUp() {
  const kernel = new FakeTransport();
  const servers = new Map<string, FakeTransport>();
  const both = withKernelFallback(kernel, (address) => {
    const server = new FakeTransport();
    servers.set(address, server);
    return server;
  });
  const slices: Activity[] = [];
  const links: Link[] = [];
  const close = both.open({
    slice: (slice: Slice) => slice.kind === "activity" && slices.push(slice),
    link: (link) => links.push(link),
  });
  const server = () => servers.get(IDLE.host.address) as FakeTransport;
  const prove = (change: Partial<Activity> = {}) => {
    server().deliver("live");
    server().deliver(activity("server", change));
  };
  kernel.deliver("live");
  kernel.deliver(activity("kernel"));
  return { kernel, server, servers, both, slices, links, close, prove, last: () => slices.at(-1) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("sends to the kernel until the server has shown the same host, then to the server", async () => {
  const { kernel, server, both, prove } = setUp();
  await both.send(LOAD);
  expect(kernel.sent).toEqual([LOAD]);

  prove();
  await both.send(LOAD);

  expect(kernel.sent).toEqual([LOAD]);
  expect(server().sent).toEqual([LOAD]);
});

it("never takes a server that sees another host", async () => {
  const { kernel, server, both } = setUp();
  server().deliver("live");
  server().deliver(activity("server", { host: { ...IDLE.host, address: "127.0.0.1:1" } }));

  await both.send(LOAD);

  expect(server().sent).toEqual([]);
  expect(kernel.sent).toEqual([LOAD]);
});

it("turns to the kernel at once, with the same name, where the server says that it cannot", async () => {
  const { kernel, server, both, prove } = setUp();
  prove();
  const names: (string | undefined)[] = [];
  const note = (transport: FakeTransport) => {
    const send = transport.send.bind(transport);
    transport.send = (command: Command, rid?: string) => {
      names.push(rid);
      return send(command);
    };
  };
  note(kernel);
  note(server());
  server().answer = () => refuse("elsewhere", "Jupyter sees another host.");

  const reply = await both.send(LOAD);

  expect(reply.kind).toBe("accepted");
  expect(kernel.sent).toEqual([LOAD]);
  expect(names[0]).toBeDefined();
  expect(names).toEqual([names[0], names[0]]);
});

it("repeats nothing that may have begun", async () => {
  const { kernel, server, both, prove } = setUp();
  prove();
  server().answer = () => refuse("no_answer", "The connection broke.");

  const reply = await both.send(LOAD);

  expect(reply).toMatchObject({ kind: "refused", problem: { code: "no_answer" } });
  expect(kernel.sent).toEqual([]);
});

it("shows the loads that the server has begun, and of its problems those of our clicks", async () => {
  const { server, both, last, prove } = setUp();
  prove();
  let rid = "";
  const send = server().send.bind(server());
  server().send = (command: Command, name?: string) => {
    rid = name ?? "";
    return send(command);
  };
  await both.send(LOAD);

  const load = { load_id: "server-1", model_key: "m" } as Load;
  const old = { load_id: "other-1", model_key: "n" } as Load;
  const problem = (problem_id: string) => ({ problem_id, title: "No." }) as Problem;
  const problems = [problem(rid), problem("of the sidebar")];
  prove({ revision: 2, loads: [load, old], problems });

  expect(last()?.loads.map(({ load_id }) => load_id)).toContain("server-1");
  expect(last()?.loads.map(({ load_id }) => load_id)).not.toContain("other-1");
  expect(last()?.problems.map(({ problem_id }) => problem_id)).toContain(rid);
  expect(last()?.problems.map(({ problem_id }) => problem_id)).not.toContain("of the sidebar");
});

it("dismisses a problem and cancels a load where they are", async () => {
  const { kernel, server, both, prove } = setUp();
  prove();
  const cancel = (load_id: string): Command => ({ kind: "cancel_load", load_id });

  await both.send(cancel("kernel-1"));
  await both.send(cancel("server-1"));
  await both.send({ kind: "dismiss", problem_id: "of the kernel" });

  expect(server().sent).toEqual([cancel("server-1")]);
  expect(kernel.sent).toEqual([
    cancel("kernel-1"),
    { kind: "dismiss", problem_id: "of the kernel" },
  ]);
});

it("takes an unload back where it was done", async () => {
  const { kernel, server, both, prove } = setUp();
  const [first, second] = IDLE.instances;
  // One identifier: several devices may have it.
  const unload = (one: typeof first) =>
    ({ ...again(one), kind: "unload", identifier: "chat" }) as Command;
  const again = (one: typeof first) =>
    ({ kind: "load_again", instance_reference: one?.instance_reference }) as Command;
  await both.send(unload(first));
  prove();
  await both.send(unload(second));

  await both.send(again(first));
  await both.send(again(second));

  expect(kernel.sent.at(-1)).toEqual(again(first));
  expect(server().sent.at(-1)).toEqual(again(second));
});

it("shows what the server sees while the kernel is busy, and calls nothing busy then", () => {
  const { kernel, server, links, last, prove } = setUp();
  prove();
  kernel.deliver("busy");
  expect(links).toEqual(["live"]);
  expect(server().sent).toMatchObject([{ kind: "attend", visible: true }]);

  prove({ revision: 2, now: IDLE.now + 60, instances: [] });
  expect(last()?.instances).toEqual([]);
  expect(last()?.epoch).toBe("kernel");

  kernel.deliver("live");
  expect(last()?.instances).toEqual(IDLE.instances);
  expect(server().sent.at(-1)).toMatchObject({ kind: "attend", visible: false });
});

it("never names the panel's own kernel among the others that use an instance", () => {
  const using = (...users: string[]) => IDLE.instances.map((one) => ({ ...one, users }));
  const { kernel, last, prove } = setUp();
  kernel.deliver(activity("kernel", { revision: 2, instances: using("other.ipynb") }));
  kernel.deliver("busy");

  prove({ now: IDLE.now + 60, instances: using("own.ipynb", "other.ipynb") });

  expect(last()?.instances[0]?.users).toEqual(["other.ipynb"]);
});

it("says that the kernel is busy where the server is gone", () => {
  const { kernel, server, links, prove } = setUp();
  prove();
  kernel.deliver("busy");
  server().deliver("absent");

  expect(links.at(-1)).toBe("busy");
});

it("gives every change a higher revision, and another epoch its own", () => {
  const { kernel, slices, prove } = setUp();
  prove();
  kernel.deliver(activity("kernel", { revision: 7 }));
  kernel.deliver(activity("kernel", { revision: 8 }));
  kernel.deliver(activity("next", { revision: 1 }));

  const revisions = slices.filter(({ epoch }) => epoch === "kernel").map((one) => one.revision);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect(slices.at(-1)?.epoch).toBe("next");
});

it("follows the kernel to another host, and closes both with the panel", () => {
  const { kernel, servers, close } = setUp();
  kernel.deliver(activity("next", { host: { ...IDLE.host, address: "127.0.0.1:2" } }));

  expect(servers.get(IDLE.host.address)?.isOpen).toBe(false);
  expect(servers.get("127.0.0.1:2")?.isOpen).toBe(true);
  close();
  expect(servers.get("127.0.0.1:2")?.isOpen).toBe(false);
  expect(kernel.isOpen).toBe(false);
});

it("stands in only where the page offers it and Python says which kernel it is", () => {
  const kernel = new FakeTransport();
  const better: Transport = new FakeTransport();
  const page = {} as typeof globalThis;
  const station = { kernel: "k", machine: "m" };
  expect(besideKernel(kernel, station, page)).toBe(kernel);

  const asked: unknown[] = [];
  const kernelFallback: KernelFallback = (_kernel, known) => {
    asked.push(known);
    return better;
  };
  offerKernelFallback(kernelFallback, page);

  expect(besideKernel(kernel, station, page)).toBe(better);
  expect(besideKernel(kernel, {}, page)).toBe(kernel);
  expect(besideKernel(kernel, undefined, page)).toBe(kernel);
  expect(asked).toEqual([station]);
});

it("leaves to the kernel what only a kernel has a place for", async () => {
  const { kernel, server, both, prove } = setUp();
  prove();
  const profile = { name: "fast", config: {}, ttl_s: null, names_ttl: false, fit: null };
  const commands: Command[] = [
    { kind: "list_hosts" },
    { kind: "save_profile", profile },
    { kind: "download", name: "m", quantization: null },
  ];

  for (const command of commands) await both.send(command);

  expect(kernel.sent).toEqual(commands);
  expect(server().sent).toEqual([]);
});

it("shows as its own what the server has loaded for it, before the kernel can look", async () => {
  const { kernel, both, prove, last, server } = setUp();
  const [known] = IDLE.instances;
  prove();
  kernel.deliver("busy");
  await both.send({ ...LOAD, model_key: "m" });
  const there = { ...known, model_key: "m", mine: false, owner: "a.ipynb", users: ["a.ipynb"] };
  const came = { ...there, identifier: "m", instance_reference: "came" };
  const others = { ...came, model_key: "other", instance_reference: "others" };

  const later = { now: IDLE.now + 1, revision: 2, instances: [...IDLE.instances, came, others] };
  server().deliver(activity("server", later as Partial<Activity>));

  const shown = last()?.instances ?? [];
  const found = shown.find((one) => one.instance_reference === "came");
  expect(found?.mine).toBe(true);
  expect(found?.users).toEqual([]);
  expect(shown.find((one) => one.instance_reference === "others")?.mine).toBe(false);

  kernel.deliver("live");
  kernel.deliver(activity("kernel", { ...later, now: IDLE.now + 2 } as Partial<Activity>));
  expect(last()?.instances.find((one) => one.instance_reference === "came")?.mine).toBe(true);
});
