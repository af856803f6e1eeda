import { afterEach, beforeEach, expect, it, vi } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import catalog from "../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Command, Envelope, Reply, Slice } from "../protocol/protocol";
import { BACK_OFF_MS, ELSEWHERE, EXPIRES_S, FLICKER_MS, jupyterLine, type Socket } from "./jupyter";
import type { Link } from "./transport";

/** A websocket whose other end is this test. */
class FakeSocket implements Socket {
  readyState: number = WebSocket.CONNECTING;
  onopen: Socket["onopen"] = null;
  onclose: Socket["onclose"] = null;
  onmessage: Socket["onmessage"] = null;
  readonly sent: Envelope[] = [];

  send = (text: unknown) => void this.sent.push(JSON.parse(String(text)));

  accept(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.(new Event("open"));
  }

  say(message: unknown): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  close(code = 1006): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(Object.assign(new Event("close"), { code }) as CloseEvent);
  }
}

const UNLOAD: Command = { kind: "unload", identifier: "chat" };
const ACCEPTED: Reply = { kind: "accepted", now: 1 };

function setUp() {
  const sockets: FakeSocket[] = [];
  const network = new EventTarget();
  const line = jupyterLine(() => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  }, network);
  const slices: Slice[] = [];
  const links: Link[] = [];
  const close = line.open({
    slice: (slice) => slices.push(slice),
    link: (link) => links.push(link),
  });
  const last = () => sockets.at(-1) as FakeSocket;
  return { line, sockets, network, slices, links, close, last };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("delivers slices and gives each answer to its click", async () => {
  const { line, slices, links, last, close } = setUp();
  last().accept();
  last().say(idle);
  const reply = line.send(UNLOAD);
  const [envelope] = last().sent;
  last().say({ rid: envelope?.rid, reply: ACCEPTED });

  expect(await reply).toEqual(ACCEPTED);
  expect(slices).toEqual([idle]);
  expect(links).toEqual(["live"]);
  close();
});

it("uses one socket for every listener, and tells a late one what is known", () => {
  const { line, sockets, last, close } = setUp();
  last().accept();
  last().say(catalog);
  const late: Slice[] = [];
  const leave = line.open({ slice: (slice) => late.push(slice), link: () => {} });

  expect(late).toEqual([catalog]);
  expect(sockets).toHaveLength(1);
  leave();
  expect(last().readyState).toBe(WebSocket.OPEN);
  close();
  expect(last().readyState).toBe(WebSocket.CLOSED);
  expect(vi.getTimerCount()).toBe(0);
});

it("opens the socket again when it breaks, and says again that somebody looks", async () => {
  const { line, sockets, links, last, close } = setUp();
  last().accept();
  void line.send({ kind: "attend", viewer: "tab", visible: true });

  last().close();
  await vi.advanceTimersByTimeAsync(BACK_OFF_MS[0]);
  expect(sockets).toHaveLength(2);
  last().accept();

  expect(last().sent.map(({ command }) => command.kind)).toEqual(["attend"]);
  expect(links).toEqual(["live"]);
  close();
});

it("says that nobody is there when the socket stays away, and waits longer each time", async () => {
  const { sockets, links, last, close } = setUp();
  last().accept();
  last().close();
  for (let tries = 0; tries < 8; tries += 1) {
    await vi.advanceTimersByTimeAsync(BACK_OFF_MS[1]);
    last().close();
  }

  expect(FLICKER_MS).toBeLessThan(BACK_OFF_MS[1]);
  expect(links).toEqual(["live", "absent"]);
  expect(sockets.length).toBeLessThan(16);
  close();
});

it("tries at once when the network is back", async () => {
  const { sockets, network, last, close } = setUp();
  last().accept();
  last().close();
  for (let tries = 0; tries < 6; tries += 1) {
    await vi.advanceTimersByTimeAsync(BACK_OFF_MS[1]);
    last().close();
  }
  const before = sockets.length;

  network.dispatchEvent(new Event("online"));

  expect(sockets).toHaveLength(before + 1);
  close();
});

it("answers a click itself when nobody else will", async () => {
  const { line, last, close } = setUp();
  last().accept();
  const broken = line.send(UNLOAD);
  last().close();
  expect(await broken).toMatchObject({ kind: "refused", problem: { code: "no_answer" } });
  await vi.advanceTimersByTimeAsync(BACK_OFF_MS[0]);
  last().accept();
  const silent = line.send(UNLOAD);
  await vi.advanceTimersByTimeAsync(EXPIRES_S * 1000);
  expect(await silent).toMatchObject({ kind: "refused", problem: { code: "no_answer" } });
  const closed = line.send(UNLOAD);
  close();
  expect(await closed).toMatchObject({ kind: "refused", problem: { code: "closed" } });
});

it("sends what was clicked before the socket was open, once it is", () => {
  const { line, last, close } = setUp();
  void line.send(UNLOAD);
  expect(last().sent).toEqual([]);

  last().accept();

  expect(last().sent.map(({ command }) => command)).toEqual([UNLOAD]);
  close();
});

it("does not ask again where the server says that it is of no use", () => {
  const { sockets, links, last, close } = setUp();
  last().accept();

  last().close(ELSEWHERE);
  vi.advanceTimersByTime(BACK_OFF_MS[1] * 2);

  expect(sockets).toHaveLength(1);
  expect(links).toEqual(["live", "absent"]);
  close();
});

it("does not send what it has refused already", async () => {
  const { line, sockets, last, close } = setUp();
  last().accept();
  last().say(idle);
  last().close();
  const reply = line.send(UNLOAD);
  await vi.advanceTimersByTimeAsync(BACK_OFF_MS[0]);
  expect(sockets).toHaveLength(2);
  last().close();
  expect(await reply).toMatchObject({ kind: "refused", problem: { code: "no_answer" } });

  await vi.advanceTimersByTimeAsync(2 * BACK_OFF_MS[0]);
  expect(sockets).toHaveLength(3);
  last().accept();

  expect(last().sent).toEqual([]);
  close();
});

it("gives no click an end by the clock of an old slice", async () => {
  const { line, last, close } = setUp();
  last().accept();
  last().say({ ...idle, now: idle.now - 3600 });

  const first = line.send(UNLOAD);
  expect(last().sent.at(-1)?.expires_at).toBe(null);
  last().say({ rid: last().sent.at(-1)?.rid, reply: { kind: "accepted", now: idle.now } });
  await first;
  void line.send(UNLOAD);

  expect(last().sent.at(-1)?.expires_at).toBeCloseTo(idle.now + EXPIRES_S, 0);
  close();
});
