import type { Instance, Model } from "../../protocol/protocol";
import { gpuBytesOf } from "../../store/select";
import type { Words } from "./stillWords";

/**
 * What a model on the disk is, in the order in which people ask.
 *
 * As with an instance, a fact that is not known keeps its place: each has a column in a wide panel,
 * which `layout.css` finds by that place.
 */
export function modelFacts(model: Model, { strings, format }: Words): Fact[] {
  return [
    model.params,
    model.quantization,
    // The context, which only what is loaded has.
    null,
    format.bytes(model.size_bytes),
    ...abilities(model, strings),
  ];
}

/** What an instance takes, whom it serves besides, and what it is. A file's size says so. */
export function instanceFacts(instance: Instance, { strings, format }: Words): Fact[] {
  const { memory_bytes, size_bytes, context_length, users } = instance;
  return [
    strings.tokens(format.integer(context_length)),
    instance.gpu_memory[0] ? `GPU ${format.bytes(gpuBytesOf(instance))}` : null,
    memory_bytes === null
      ? strings.onDiskSize(format.bytes(size_bytes))
      : format.bytes(memory_bytes),
    users[0] ? strings.others(users.length) : null,
    instance.params,
    instance.quantization,
    ...abilities(instance, strings),
  ];
}

/** What an instance is doing: "generating, 2 waiting", or "42 tok/s" where that is known. */
export function activityOf(instance: Instance, { strings, format }: Words): string {
  const { status, queued, tokens_per_second } = instance;
  // The running request counts as queued.
  const waiting = status === "idle" ? queued : queued - 1;
  const speed = tokens_per_second && strings.speed(format.integer(tokens_per_second));
  const parts = status === "idle" && waiting > 0 ? [] : [speed || strings[status]];
  if (waiting > 0) parts.push(strings.waiting(waiting));
  return parts.join(", ");
}

/** Where an instance is not as it was asked for: "GPU offload: asked max, got off". */
export function differencesOf({ differences }: Instance, words: Words): string[] {
  return differences.flatMap(({ setting, asked, effective, why }) => {
    // What the host does not tell may be as asked.
    if (effective === null) return [];
    const [wanted, got] = [asked, effective].map((value) => valueText(setting, value, words));
    const label = setting === "context_length" ? "" : `${settingLabel(setting, words)}: `;
    const line = words.strings.asked(label, wanted ?? "", got ?? "");
    return [why ? `${line} (${why})` : line];
  });
}

/** What people call a setting; a still picture, which is to be small, calls it as magics do. */
function settingLabel(setting: string, { strings }: Words): string {
  if (setting === "gpu") return strings.gpu;
  const { settings } = strings as { settings?: Record<string, string> };
  return settings?.[setting] ?? setting;
}

/** The value of a load setting, as people say it. */
export function valueText(setting: string, value: unknown, { strings, format }: Words): string {
  if (typeof value === "boolean") return value ? strings.on : strings.off;
  if (typeof value !== "number") return String(value);
  // Parts of the layers, the GPU's and the CPU's.
  if (!/^gpu$|^num_cpu/.test(setting))
    return Number.isInteger(value) ? format.integer(value) : String(value);
  if (value === 0) return strings.off;
  return value === 1 ? strings.max : format.percent(value);
}

type Fact = string | null;
type Able = Pick<Model, "kind" | "vision" | "trained_for_tool_use">;

function abilities({ kind, vision, trained_for_tool_use }: Able, strings: Words["strings"]) {
  return [
    kind === "embedding" ? strings.embedding : null,
    vision ? strings.vision : null,
    trained_for_tool_use ? strings.tools : null,
  ];
}

export function present(facts: Fact[]): string[] {
  return facts.filter((fact): fact is string => fact !== null && fact !== "");
}
