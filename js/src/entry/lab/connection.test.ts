import { afterEach, expect, it, vi } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Socket } from "../../transport/jupyter";
import { createConnection, LOOK_MS } from "./connection";
import type { Hosts, Server } from "./server";

const HOSTS: Hosts = {
  hosts: ["one:1", "two:2"],
  discovers: false,
  engine_missing: [],
  named: [],
  may_name: true,
};
const desks: { choose(host: string): void; store: { close(): void } }[] = [];
afterEach(() => {
  for (const connection of desks.splice(0)) connection.store.close();
});

class FakeSocket implements Socket {
  readyState: number = WebSocket.OPEN;
  onopen: Socket["onopen"] = null;
  onclose: Socket["onclose"] = null;
  onmessage: Socket["onmessage"] = null;
  send = () => {};
  close = () => {
    this.readyState = WebSocket.CLOSED;
  };

  tell(slice: object): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(slice) }));
  }
}

function setUp(ready: Promise<unknown> = Promise.resolve(), answer = async () => HOSTS) {
  const opened: { host: string; every: number; socket: FakeSocket }[] = [];
  const server: Server = {
    connect(host, every) {
      const socket = new FakeSocket();
      opened.push({ host, every, socket });
      return socket;
    },
    kernelFallback: () => new FakeSocket(),
    tryPrompt: () => () => () => undefined,
    hosts: answer,
    panel: async () => ({ script: "", live: "", style: "" }),
    details: async () => "",
    claims: async () => [],
    addHost: answer,
    renameHost: answer,
    removeHost: answer,
    assist: async () => ({ address: "", models: [] }),
    folder: async () => ({ path: "", inside: null, opened: true }),
    startEngine: async () => null,
  };
  const connection = createConnection(server, ready);
  desks.push(connection);
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const asked = () => opened.map(({ host, every }) => [host, every]);
  return { connection, opened, asked, settle };
}

it("asks nothing before the page is there, and then what hosts there are", async () => {
  let start = (_: unknown) => {};
  const ready = new Promise((resolve) => {
    start = resolve;
  });
  const { connection, asked, settle } = setUp(ready);
  await settle();
  expect(asked()).toEqual([]);
  expect(connection.known).toBeNull();

  start(null);
  await settle();

  expect(asked()).toEqual([["", 1]]);
  expect(connection.known).toEqual(HOSTS);
});

it("learns of a host that got a name later, without a new line and not at every move", async () => {
  const named = { ...HOSTS, hosts: [...HOSTS.hosts, "gpu"] };
  const answer = vi.fn(async () => HOSTS);
  const { connection, asked, settle } = setUp(Promise.resolve(), answer);
  await settle();
  let calls = 0;
  connection.onHost(() => {
    calls += 1;
  });
  answer.mockImplementation(async () => named);

  connection.look();
  await settle();
  expect(connection.known).toEqual(HOSTS);

  const later = Date.now() + LOOK_MS;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => later);
  connection.look();
  connection.look();
  await settle();
  clock.mockRestore();

  expect(connection.known).toEqual(named);
  expect([calls, answer.mock.calls.length, asked().length]).toEqual([1, 2, 1]);
});

it("forgets one host with the choice of another", async () => {
  const { connection, opened, asked, settle } = setUp();
  await settle();
  opened[0]?.socket.tell(idle);
  expect(connection.store.get().activity?.instances.length).toBeGreaterThan(0);
  const seen: (number | undefined)[] = [];
  connection.watch(({ activity }) => seen.push(activity?.instances.length));

  connection.choose("two:2");
  await settle();

  expect(connection.host).toBe("two:2");
  expect(asked()).toEqual([
    ["", 1],
    ["two:2", 1],
  ]);
  expect(opened[0]?.socket.readyState).toBe(WebSocket.CLOSED);
  expect(seen.at(-1)).toBeUndefined();
  opened[1]?.socket.tell(idle);
  expect(seen.at(-1)).toBe(idle.instances.length);
});

it("connects again for another rhythm, and not for the same", async () => {
  const { connection, asked, settle } = setUp();
  await settle();
  let calls = 0;
  connection.onHost(() => {
    calls += 1;
  });

  connection.pace(1);
  connection.pace(7);
  await settle();

  expect(asked()).toEqual([
    ["", 1],
    ["", 7],
  ]);
  expect(calls).toBe(1);
});
