import { createContext } from "preact";
import type { Reply } from "../../protocol/protocol";
import type { Question } from "../../store/store";

/** Asks whoever holds the slices something that changes nothing; `null` where nobody answers. */
export const AskContext = createContext<((question: Question) => Promise<Reply>) | null>(null);
