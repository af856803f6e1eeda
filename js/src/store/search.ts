import type { Catalog, Model } from "../protocol/protocol";
import { byUse } from "./select";

export type KindFilter = "all" | "llm" | "vision" | "embedding";
export const ORDERS = ["recent", "name", "size"] as const;
export type Order = (typeof ORDERS)[number];

/** A model with the text that a search looks through. */
export interface Indexed {
  model: Model;
  text: string;
}

/** Prepare a catalog for being searched as somebody types. */
export function index(catalog: Catalog | null): Indexed[] {
  return byKey(catalog).map((model) => ({
    model,
    text: [
      model.model_key,
      model.display_name,
      model.publisher,
      model.params,
      model.architecture,
      model.quantization,
      model.format,
      model.kind,
      model.vision ? "vision" : "",
      model.trained_for_tool_use ? "tools" : "",
    ]
      .join("\n")
      .toLowerCase(),
  }));
}

/** Each model once: several machines of an LM Link may have it, the host's own goes first. */
function byKey(catalog: Catalog | null): Model[] {
  const first = new Map<string, Model>();
  for (const model of catalog?.models ?? []) {
    if (!model.device || !first.has(model.model_key)) first.set(model.model_key, model);
  }
  return [...first.values()];
}

/** The models whose text has every word of the query, in order. */
export function matching(
  indexed: readonly Indexed[],
  query: string,
  kind: KindFilter = "all",
  order: Order = "name",
  used: ReadonlyMap<string, number> = new Map(),
): Model[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = indexed
    .filter(({ model, text }) => isKind(model, kind) && words.every((word) => text.includes(word)))
    .map(({ model }) => model);
  if (order === "size") return found.sort((a, b) => b.size_bytes - a.size_bytes);
  return order === "name" ? found : byUse(found, used);
}

function isKind(model: Model, kind: KindFilter): boolean {
  if (kind === "vision") return model.vision;
  return kind === "all" || model.kind === kind;
}
