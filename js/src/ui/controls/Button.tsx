import type { ComponentChildren } from "preact";

/** JupyterLab's shortcuts leave the keys alone on an element that carries this. */
export const quiet = { "data-lm-suppress-shortcuts": "true" } as const;

interface Props {
  children: ComponentChildren;
  /** The accessible name, where the visible text does not say it all. */
  label?: string | undefined;
  title?: string | undefined;
  look?: "plain" | "icon" | "accent" | "split";
  /** Stays reachable by keyboard and does nothing. */
  disabled?: boolean;
  expanded?: boolean | undefined;
  pressed?: boolean | undefined;
  /** A stop in a list that is walked with arrows. */
  stop?: boolean;
  tabIndex?: number | undefined;
  type?: "button" | "submit";
  onClick?: (() => void) | undefined;
}

/** Every button of the panel. */
export function Button({ children, look = "plain", type = "button", ...props }: Props) {
  const { label, title, disabled = false, expanded, pressed, stop, tabIndex, onClick } = props;
  return (
    <button
      {...quiet}
      type={type}
      class={`lms-Button lms-Button-${look}`}
      aria-label={label}
      title={title ?? (look === "icon" ? label : undefined)}
      aria-disabled={disabled || undefined}
      aria-expanded={expanded}
      aria-pressed={pressed}
      data-stop={stop ? "" : undefined}
      tabIndex={tabIndex}
      onClick={(event) => {
        if (disabled) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}
