import { MimeData } from "@lumino/coreutils";
import { Drag } from "@lumino/dragdrop";
import type { Usable } from "../../ui/controls/place";

/** What notebooks take from a drag; JupyterLab's own word for it. */
const CELLS = "application/vnd.jupyter.cells";
/** A hand that moves less than this is clicking. */
const THRESHOLD_PX = 5;

/** The instance or the model of the row that an element lies in. */
export function usableAt(element: Element | null): Usable | null {
  const line = element?.closest(".lms-InstanceRow, .lms-ModelRow");
  const { key, name } = line?.closest<HTMLElement>("[data-key]")?.dataset ?? {};
  if (!line || key === undefined) return null;
  return name === undefined
    ? { kind: "model", name: key }
    : { kind: "instance", name, reference: key };
}

/** Let rows be dragged into a notebook: what is dropped is the cells that `cellsFor` names. */
export function makeDraggable(node: HTMLElement, cellsFor: (what: Usable) => string[]): void {
  let pressed: { what: Usable; x: number; y: number } | null = null;
  node.addEventListener("pointerdown", ({ target, button, clientX, clientY }) => {
    const element = target as Element;
    const what = element.closest("button, input, select") ? null : usableAt(element);
    pressed = what && button === 0 ? { what, x: clientX, y: clientY } : null;
  });
  node.addEventListener("pointerup", () => {
    pressed = null;
  });
  node.addEventListener("pointermove", ({ buttons, clientX, clientY }) => {
    if (pressed === null) return;
    const { what, x, y } = pressed;
    if (buttons !== 1) pressed = null;
    if (pressed === null || Math.hypot(clientX - x, clientY - y) < THRESHOLD_PX) return;
    pressed = null;
    start(what.name, cellsFor(what), node, clientX, clientY);
  });
}

function start(name: string, cells: string[], source: HTMLElement, x: number, y: number): void {
  if (cells.length === 0) return;
  const mimeData = new MimeData();
  mimeData.setData(
    CELLS,
    cells.map((code) => ({
      cell_type: "code",
      source: code,
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
  );
  mimeData.setData("text/plain", cells.join("\n"));
  const dragImage = document.createElement("div");
  dragImage.className = "lms-DragImage";
  dragImage.textContent = name;
  const drag = new Drag({
    mimeData,
    dragImage,
    source,
    supportedActions: "copy",
    proposedAction: "copy",
  });
  document.getSelection()?.removeAllRanges();
  void drag.start(x, y).then(() => drag.dispose());
}
