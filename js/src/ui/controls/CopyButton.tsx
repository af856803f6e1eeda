import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useWords } from "../text/words";
import { Button } from "./Button";
import { Icon } from "./Icon";

const SAID_MS = 2000;

/** Put a text on the clipboard, and say so. */
export function CopyButton({ text, children }: { text: string; children: ComponentChildren }) {
  const { strings } = useWords();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button onClick={() => void copy(text).then(setCopied)}>
      <Icon name={copied ? "check" : "copy"} />
      <span role="status">{copied ? strings.copied : children}</span>
    </Button>
  );
}

/** Answer whether it worked. Pages without TLS have no clipboard but the old command. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
