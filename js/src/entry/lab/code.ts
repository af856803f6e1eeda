import type { Activity, Catalog, Model } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import type { Usable } from "../../ui/controls/place";
import { handleName, instanceLine, loadLine, quote, sdkCode } from "../../ui/text/code";
import type { InsertWhat } from "./settings";

/** How a model is loaded where nobody is asked for more. */
export type OneClick = Pick<LoadFields, "ttl_s" | "config">;

/** The code that uses an instance, or loads a model; `null` if it is not there any more. */
export function codeFor(
  { kind, name }: Usable,
  what: InsertWhat,
  { activity, catalog }: { activity: Activity | null; catalog: Catalog | null },
  oneClick: OneClick,
): string | null {
  if (what === "cell") return `%%lms ${quote(name)}\n`;
  if (kind === "instance") {
    const instance = activity?.instances.find(({ identifier }) => identifier === name);
    if (!instance) return null;
    return what === "line" ? bound(instance.kind, instanceLine(instance)) : sdkCode(instance);
  }
  const model = catalog?.models.find(({ model_key }) => model_key === name);
  if (!model) return null;
  return what === "line"
    ? bound(model.kind, loadLine({ model_key: name, identifier: null, ...oneClick }))
    : sdkCode({ kind: model.kind, identifier: name });
}

/** In a notebook the handle is what one goes on with, so it gets a name. */
function bound(kind: Model["kind"], line: string): string {
  return `${handleName(kind)} = ${line}`;
}
