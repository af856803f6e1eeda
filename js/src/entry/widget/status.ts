import { commTransport } from "../../transport/comm";
import { mountStatus } from "../../ui/status/mountStatus";
import type { View } from "./widget";

function render({ model, el, signal }: View): () => void {
  const leave = mountStatus(el, commTransport(model));
  signal?.addEventListener("abort", leave);
  return leave;
}

export default { render };
