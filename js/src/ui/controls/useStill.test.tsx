import { act, fireEvent, render, screen } from "@testing-library/preact";
import { expect, it } from "vitest";
import { useStill } from "./useStill";

/** Two rows; the hand is where the test says. */
function Rows({ rows, onPress }: { rows: string[]; onPress(row: string): void }) {
  return (
    <ul onClickCapture={useStill()}>
      {rows.map((row) => (
        <li key={row} data-key={row}>
          <button type="button" onClick={() => onPress(row)}>
            {row}
          </button>
        </li>
      ))}
    </ul>
  );
}

it("swallows the click that another row gets from a pointer which did not move", async () => {
  const pressed: string[] = [];
  render(<Rows rows={["one", "two"]} onPress={(row) => pressed.push(row)} />);
  const click = (row: string, clientX: number, detail = 1) =>
    act(() => void fireEvent.click(screen.getByText(row), { clientX, clientY: 50, detail }));

  await click("one", 10);
  await click("one", 10);
  await click("two", 11);
  await click("two", 10);
  expect(pressed).toEqual(["one", "one"]);

  await click("two", 90);
  expect(pressed).toEqual(["one", "one", "two"]);
  await click("one", 90, 0);
  expect(pressed).toEqual(["one", "one", "two", "one"]);
});
