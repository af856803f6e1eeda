import { act, fireEvent, screen, within } from "@testing-library/preact";
import { expect, it } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import { cleanly, press, showAnswered, three } from "../panel/fakePanel";

cleanly();

async function open(activity: object = engine) {
  await showAnswered([catalog, activity, "live"]);
  await press("Load google/gemma-3-12b with settings");
  const summary = screen.getByText(/^More settings/);
  const details = summary.closest("details") as HTMLDetailsElement;
  details.open = true;
  const field = (name: string) => screen.getByLabelText(name) as HTMLInputElement;
  const type = (name: string, value: string) =>
    act(() => void fireEvent.input(field(name), { target: { value } }));
  const headings = () =>
    within(details)
      .queryAllByRole("heading")
      .map((one) => one.textContent);
  return { summary, field, type, headings };
}

it("has the settings in groups, and says what the engine would take", async () => {
  const { field, headings } = await open();

  expect(headings()).toEqual(["Memory", "Speed", "Answers", "Expert"]);
  expect(field("Parallel requests").placeholder).toBe("auto: 4");
  expect(within(field("K cache type")).getByText("auto: f16")).toBeTruthy();
  expect(field("Seed").placeholder).toBe("host decides");
  const context = screen.getByRole("slider", { name: "Context length" });
  expect(context.getAttribute("aria-valuetext")).toBe("auto: 4,096");
});

it("promises nothing for a host that does not tell", async () => {
  const { field } = await open(three);

  expect(field("Parallel requests").placeholder).toBe("host decides");
});

it("marks what is changed, counts it, and gives the choice back", async () => {
  const { summary, field, type } = await open();
  expect(summary.textContent).not.toContain("changed");

  await type("Parallel requests", "2");
  const row = field("Parallel requests").closest(".lms-Field");
  expect(row?.hasAttribute("data-changed")).toBe(true);
  expect(summary.textContent).toContain("1 changed");

  await press("Let the host decide: Parallel requests");
  expect(row?.hasAttribute("data-changed")).toBe(false);
  expect(field("Parallel requests").value).toBe("");
});

it("is looked through by words, by what a setting does too, and Escape shows all again", async () => {
  const { field, type, headings } = await open();

  await type("Find a setting", "cache type");
  expect(headings()).toEqual(["Memory"]);
  expect(screen.queryByLabelText("Seed")).toBeNull();

  await type("Find a setting", "same answers");
  expect(headings()).toEqual(["Answers"]);

  await type("Find a setting", "<b>nonsense</b>");
  expect(headings()).toEqual([]);
  expect(screen.getByText("No setting matches “<b>nonsense</b>”.")).toBeTruthy();

  await act(() => void fireEvent.keyDown(field("Find a setting"), { key: "Escape" }));
  expect(headings()).toHaveLength(4);
  expect(screen.getByRole("form")).toBeTruthy();
});
