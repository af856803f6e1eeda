import { useContext, useEffect, useState } from "preact/hooks";
import type { Diary } from "../../protocol/protocol";
import { AskContext } from "./asking";

/** What the memory diary says; asked anew when `anew` changes, the last answer stays until then. */
export function useDiary(
  question: { since: number; instance_reference: string | null } | null,
  anew: unknown,
): Diary | null {
  const ask = useContext(AskContext);
  const [diary, setDiary] = useState<Diary | null>(null);
  useEffect(() => {
    let wanted = true;
    if (question)
      void ask?.({ kind: "read_diary", ...question }).then((reply) => {
        if (wanted && reply.kind === "diary") setDiary(reply);
      });
    return () => {
      wanted = false;
    };
  }, [anew]);
  return diary;
}
