/** Add a style sheet to the page. It comes as text, with the script that needs it. */
export function addStyle(text: string): void {
  const style = document.createElement("style");
  style.textContent = text;
  document.head.append(style);
}
