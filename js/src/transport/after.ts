import type { Transport } from "./transport";

/** The same line, opened once something has turned out well. */
export function after(ready: Promise<unknown>, line: Transport): Transport {
  return {
    ...line,
    open(listener) {
      let close = () => {};
      let left = false;
      ready.then(
        () => {
          if (!left) close = line.open(listener);
        },
        () => {},
      );
      return () => {
        left = true;
        close();
      };
    },
  };
}
