import type { Reply } from "../protocol/protocol";
import { refuse } from "./transport";

/** The replies that are still to come, by the number of what was sent. */
export interface Replies {
  /** Wait for a reply; after `patience_ms`, if that is said, it is a refusal with this title. */
  expect(rid: string, late: string, patience_ms: number | null): Promise<Reply>;
  /** A reply has come; one that nobody waits for is ignored. */
  settle(rid: string, reply: Reply): void;
  /** No reply will come any more. */
  settleAll(reply: Reply): void;
}

export function createReplies(): Replies {
  const waiting = new Map<string, (reply: Reply) => void>();
  const settle = (rid: string, reply: Reply) => waiting.get(rid)?.(reply);
  return {
    expect: (rid, late, patience_ms) =>
      new Promise((resolve) => {
        const give = () => settle(rid, refuse("no_answer", late));
        const timer = patience_ms === null ? undefined : setTimeout(give, patience_ms);
        waiting.set(rid, (reply) => {
          clearTimeout(timer);
          waiting.delete(rid);
          resolve(reply);
        });
      }),
    settle,
    settleAll(reply) {
      for (const rid of [...waiting.keys()]) settle(rid, reply);
    },
  };
}
