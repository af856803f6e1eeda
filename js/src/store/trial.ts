/** What somebody wants to try with a model. */
export interface Trial {
  identifier: string;
  instance_reference: string;
  prompt: string;
  system: string | null;
  temperature: number | null;
  max_tokens: number | null;
}

/** The figures below an answer, as the host tells them. */
export interface TrialStats {
  stop_reason: string;
  tokens_per_second: number | null;
  first_token_s: number | null;
  prompt_tokens: number | null;
  predicted_tokens: number | null;
}

/** A piece of an answer while it comes; `ended` is the last one. */
export interface TrialPart {
  text?: string;
  thought?: string;
  stats?: TrialStats;
  problem?: { title: string; hint: string };
  ended?: true;
}

/** Ask, and hear the answer piece by piece; the returned function stops the model. */
export type Try = (trial: Trial, hear: (part: TrialPart) => void) => () => void;
