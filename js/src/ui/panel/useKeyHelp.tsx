import { useRef, useState } from "preact/hooks";
import { later } from "../controls/later";
import type { KeyHelpProps } from "./KeyHelp";

const KeyHelp = later<KeyHelpProps>("KeyHelp");

/** The question mark shows which keys there are; closing it goes back to where one was. */
export function useKeyHelp() {
  const [isOpen, setOpen] = useState(false);
  const before = useRef<HTMLElement | null>(null);
  const close = () => {
    setOpen(false);
    before.current?.focus();
  };
  return {
    onKeyDown({ key, target }: KeyboardEvent) {
      const element = target as HTMLElement;
      if (key !== "?" || element.closest("input, textarea, select") !== null) return;
      before.current = element;
      if (isOpen) close();
      else setOpen(true);
    },
    help: isOpen && <KeyHelp onClose={close} />,
  };
}
