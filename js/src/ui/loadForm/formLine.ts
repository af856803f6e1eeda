import { FLAGS } from "../../protocol/loadKeys";
import type { Keep } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { loadLine, quote } from "../text/code";
import { timeOf } from "./KeepField";

/** The `%lms load` line that does the same as a click on the form's button. */
export function formLine(fields: LoadFields): string {
  const { config, device, fit, keep } = fields;
  const place = device == null ? [] : ["--device", device === "" ? "Local" : quote(device)];
  return loadLine(fields, [
    ...settingWords(config),
    ...(fit ? ["--fit", quote(fit)] : []),
    ...(keep ? ["--keep", keepWords(keep)] : []),
    ...place,
  ]);
}

function keepWords({ until }: Keep): string {
  return until === null ? "while-open" : `until ${timeOf(until)}`;
}

function settingWords(config: LoadFields["config"]): string[] {
  const words: string[] = [];
  for (const [name, value] of Object.entries(config)) {
    const flag = flagFor(name);
    if (value === null || value === undefined) continue;
    if (value === false) words.push(`--no-${flag.slice(2)}`);
    else words.push(flag);
    if (typeof value !== "boolean") words.push(wordFor(name, value));
  }
  return words;
}

/** The flag for a setting: its own name with dashes, unless it has another. */
function flagFor(name: string): string {
  if (name === "draft_model") return "--speculative-draft-simple --speculative-draft-model";
  const own = name.replace(/^draft/, "speculative_draft").replace(/_/g, "-");
  return (FLAGS as Record<string, string>)[name] ?? `--${own}`;
}

function wordFor(name: string, value: string | number | number[]): string {
  // A magic takes a file: somebody has to write the text into one.
  if (name === "prompt_template") return "template.jinja";
  // Parts of the layers, the GPU's and the CPU's.
  if (/^gpu$|^num_cpu/.test(name) && (value === 0 || value === 1)) return value ? "max" : "off";
  return quote(String(value));
}
