import type { Command, Envelope, Reply } from "../protocol/protocol";
import type { WidgetModel } from "./widgetModel";

/** What anywidget hands to `render`, with the kernel's side of it. */
export class FakeModel implements WidgetModel {
  readonly sent: Envelope[] = [];
  readonly traits: Record<string, unknown> = { catalog: {}, activity: {} };
  /** The traits as the kernel knows them. */
  saved: Record<string, unknown> = {};
  readonly #callbacks = new Map<string, Set<(...given: never[]) => void>>();

  get = (name: string) => this.traits[name];
  /** A front end that has seen its kernel die throws. */
  dead = false;

  set(name: string, value: unknown): void {
    this.traits[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes(): void {
    this.saved = { ...this.traits };
  }

  send(content: unknown): void {
    if (this.dead) throw new Error("Kernel is dead");
    this.sent.push(content as Envelope);
  }

  on(event: string, callback: (...given: never[]) => void): void {
    this.#callbacks.set(event, (this.#callbacks.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: (...given: never[]) => void): void {
    this.#callbacks.get(event)?.delete(callback);
  }

  emit(event: string, given?: unknown): void {
    for (const callback of this.#callbacks.get(event) ?? []) callback(given as never);
  }

  push(slice: { kind: string; [name: string]: unknown }): void {
    this.traits[slice.kind] = slice;
    this.emit(`change:${slice.kind}`);
  }

  reply(envelope: Envelope | undefined, reply: Reply): void {
    this.emit("msg:custom", { rid: envelope?.rid, reply });
  }

  get listeners(): number {
    return [...this.#callbacks.values()].reduce((sum, { size }) => sum + size, 0);
  }

  of(kind: Command["kind"]): Envelope[] {
    return this.sent.filter(({ command }) => command.kind === kind);
  }
}
