import type { Connection } from "./connection";
import type { Strings } from "./strings";

/**
 * Say that the Jupyter Server did not give us the panel, until the returned function is called.
 *
 * `again` is called for a click, and once the server is heard again.
 */
export function sayMissing(
  body: HTMLElement,
  connection: Connection,
  strings: Strings,
  again: () => void,
): () => void {
  const text = document.createElement("p");
  text.setAttribute("role", "status");
  text.textContent = strings.noServer;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jp-mod-styled";
  button.textContent = strings.again;
  button.addEventListener("click", again);
  body.replaceChildren(text, button);
  body.classList.add("lms-Sidebar-missing");
  let wasLive = connection.store.get().link === "live";
  const unwatch = connection.watch(({ link }) => {
    const isLive = link === "live";
    const isBack = isLive && !wasLive;
    wasLive = isLive;
    if (isBack) again();
  });
  return () => {
    unwatch();
    body.classList.remove("lms-Sidebar-missing");
    body.replaceChildren();
  };
}
