/** How long a palette that closes may take to give the cursor to what was open before. */
const GIVES_BACK_MS = 1000;

const PALETTE = ".jp-ModalCommandPalette:not(.lm-mod-hidden)";

/**
 * Keep the cursor inside an element that a command of the palette has just opened.
 *
 * From JupyterLab 4.5 on the palette reactivates the open document once a command was chosen, even
 * if that command led elsewhere. The next key or click is the user's own, and ends this.
 */
export function keepFromPalette(node: HTMLElement): void {
  if (document.querySelector(PALETTE) === null) return;
  const end = new AbortController();
  const { signal } = end;
  const stop = () => end.abort();
  const keep = ({ target, relatedTarget }: FocusEvent) => {
    if (relatedTarget === null || node.contains(relatedTarget as Node)) return;
    // The event comes while the cursor moves: it has to arrive before it can be sent back.
    queueMicrotask(() => {
      const left = target as HTMLElement;
      if (!signal.aborted) (left.isConnected ? left : node).focus();
    });
  };
  node.addEventListener("focusout", keep, { signal });
  document.addEventListener("keydown", stop, { signal, capture: true });
  document.addEventListener("pointerdown", stop, { signal, capture: true });
  setTimeout(stop, GIVES_BACK_MS);
}
