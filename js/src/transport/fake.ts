import type { Command, Reply, Slice } from "../protocol/protocol";
import { createHostClock } from "./hostClock";
import type { Link, Listener, Transport } from "./transport";

/** A transport made of lists: for tests and for the design page. */
export class FakeTransport implements Transport {
  /** Every command that was sent, first to last. */
  readonly sent: Command[] = [];
  /** How a command is answered; a promise that stays open is a busy kernel. */
  answer: (command: Command) => Reply | Promise<Reply> = () => ({
    kind: "accepted",
    now: this.now(),
  });
  readonly #clock = createHostClock();
  #listener: Listener | null = null;
  #before: (Slice | Link)[] = [];

  get isOpen(): boolean {
    return this.#listener !== null;
  }

  open(listener: Listener): () => void {
    this.#listener = listener;
    for (const news of this.#before) this.deliver(news);
    return () => {
      this.#listener = null;
    };
  }

  now(): number {
    return this.#clock.now() ?? 0;
  }

  async send(command: Command): Promise<Reply> {
    this.sent.push(command);
    return this.answer(command);
  }

  /** Hand over a slice or a state of the link; kept until somebody listens. */
  deliver(news: Slice | Link): void {
    if (this.#listener === null) this.#before.push(news);
    else if (typeof news === "string") this.#listener.link(news);
    else {
      if (news.kind === "activity") this.#clock.hear(news.now);
      this.#listener.slice(news);
    }
  }
}
