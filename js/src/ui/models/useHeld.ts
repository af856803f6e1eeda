import { useRef } from "preact/hooks";

/** A value, or while `held` the one that it was before. */
export function useHeld<T>(value: T, held: boolean): T {
  const known = useRef(value);
  if (!held) known.current = value;
  return known.current;
}
