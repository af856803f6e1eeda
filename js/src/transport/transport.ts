import type { Command, Reply, Slice } from "../protocol/protocol";

/**
 * How the page stands with whoever holds the slices.
 *
 * - `opening`: nothing heard yet.
 * - `live`: slices and replies come.
 * - `busy`: it was live and is slow to answer now; what is sent waits in a queue.
 * - `absent`: nobody answers; what is shown is a snapshot.
 */
export type Link = "opening" | "live" | "busy" | "absent";

export interface Listener {
  slice(slice: Slice): void;
  link(link: Link): void;
}

/** The seam between the panel and what it runs in: a kernel's comm, a websocket, a fake. */
export interface Transport {
  /** Deliver the newest slices, then every change, until the returned function is called. */
  open(listener: Listener): () => void;
  /**
   * Answer whether the command was taken; what became of it is seen in the slices.
   *
   * `rid` names the click, if whoever sends it has a name for it already.
   */
  send(command: Command, rid?: string): Promise<Reply>;
  /** The host's clock, Unix seconds; `null` before it was heard. */
  now(): number | null;
}

/** A refusal that the page gives itself, in the words of the protocol. */
export function refuse(code: string, title: string): Reply {
  return { kind: "refused", problem: { code, title, hint: "", problem_id: "", model_key: null } };
}
