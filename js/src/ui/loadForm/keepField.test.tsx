import { act, fireEvent, render, screen } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, LoadRequest } from "../../protocol/protocol";
import { PlaceContext } from "../controls/place";
import { cleanly, press, showAnswered } from "../panel/fakePanel";
import { KeepField, timeOf } from "./KeepField";

cleanly();

const activity = engine as Activity;
const choose = (value: string) =>
  act(() => void fireEvent.change(screen.getByLabelText("Keep"), { target: { value } }));
const line = () => screen.getByText(/^%lms load/).textContent ?? "";

async function openForm(features = ["ttl", "pin", "keep"]) {
  const host = { ...activity.host, features };
  const transport = await showAnswered([catalog, { ...activity, host }, "live"]);
  await press("Load google/gemma-3-12b with settings");
  return transport;
}

describe("what keeps a model", () => {
  it("is the open notebook or a time of day, sent and written as a line", async () => {
    const transport = await openForm();
    expect(line()).not.toContain("--keep");

    await choose("open");
    expect(line()).toContain("--keep while-open");

    await choose("until");
    expect(line()).toContain("--keep until 18:00");
    const time = screen.getByLabelText("until");
    await act(() => void fireEvent.input(time, { target: { value: "07:05" } }));
    expect(line()).toContain("--keep until 07:05");

    await press("Load");
    const { keep } = transport.sent.at(-1) as LoadRequest;
    expect(timeOf(keep?.until ?? 0)).toBe("07:05");
    // The next time that it is so late.
    const ahead = (keep?.until ?? 0) - Date.now() / 1000;
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(25 * 3600 + 1);
  });

  it("is its TTL alone again, and a time that is cleared stays as it was", async () => {
    const transport = await openForm();
    await choose("until");
    const time = screen.getByLabelText("until");
    await act(() => void fireEvent.input(time, { target: { value: "" } }));
    expect(line()).toContain("--keep until 18:00");

    await choose("");
    expect(line()).not.toContain("--keep");
    await press("Load");
    expect(transport.sent.at(-1)).toMatchObject({ keep: null });
  });

  it("is not offered by hosts that only count TTLs", async () => {
    await openForm(["ttl", "pin"]);
    expect(screen.queryByLabelText("Keep")).toBeNull();
  });

  it("is no notebook in a sidebar, which belongs to none", () => {
    const request = { model_key: "m", identifier: null, ttl_s: null, config: {} };
    render(
      <PlaceContext.Provider value={{ surface: "sidebar" }}>
        <KeepField request={request} onChange={() => {}} />
      </PlaceContext.Provider>,
    );
    const options = [...screen.getByLabelText<HTMLSelectElement>("Keep").options];
    expect(options.map(({ value }) => value)).toEqual(["", "until"]);
  });
});
