import { act, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import type { Instance } from "../../protocol/protocol";
import type { Trial, TrialPart } from "../../store/trial";
import { type Place, PlaceContext } from "../controls/place";
import { cellOf } from "../text/code";
import { TryPrompt } from "./TryPrompt";

const [chat] = engine.instances as unknown as [Instance];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

/** The bench, on a host that answers as it is told. */
function show(instance: Instance = chat, place: Place = {}) {
  const asked: Trial[] = [];
  const stop = vi.fn();
  let hear: (part: TrialPart) => void = () => undefined;
  const all: Place = {
    try(trial, listener) {
      asked.push(trial);
      hear = listener;
      return stop;
    },
    ...place,
  };
  const { container, unmount } = render(
    <PlaceContext.Provider value={all}>
      <TryPrompt instance={instance} inert={false} />
    </PlaceContext.Provider>,
  );
  const tell = (...parts: TrialPart[]) =>
    act(async () => {
      parts.forEach(hear);
      await vi.advanceTimersByTimeAsync(100);
    });
  return { asked, stop, tell, container, unmount };
}

const type = (label: string, value: string) =>
  act(() => void fireEvent.input(screen.getByLabelText(label), { target: { value } }));
const press = (name: string) => act(() => void fireEvent.click(screen.getByText(name)));

it("sends what is written, and shows the answer as text while it comes", async () => {
  const { asked, tell, container } = show();

  await type("Prompt", "Why?");
  await type("Temperature", "0.5");
  await press("Send");
  expect(asked).toEqual([
    {
      identifier: chat.identifier,
      instance_reference: chat.instance_reference,
      prompt: "Why?",
      system: null,
      temperature: 0.5,
      max_tokens: null,
    },
  ]);
  await tell({ text: "<b>Be" }, { text: "cause</b>" });
  expect(screen.getByText("<b>Because</b>")).toBeTruthy();
  expect(container.querySelector("b")).toBeNull();
  const stats = { tokens_per_second: 41.6, first_token_s: 0.1, prompt_tokens: 3 };
  await tell(
    { stats: { ...stats, stop_reason: "eosFound", predicted_tokens: 12 } },
    { ended: true },
  );
  expect(screen.getByText("42 tokens/s · 12 tokens · eosFound")).toBeTruthy();
  expect(screen.getByText("Send")).toBeTruthy();
});

it("stops the model when it is told to, and when it is closed", async () => {
  const { asked, stop, tell, unmount } = show();
  await type("Prompt", "Why?");
  await press("Send");
  await tell({ text: "Be" });

  await press("Stop");
  expect(stop).toHaveBeenCalledTimes(1);
  await tell({ text: "cause" });
  expect(screen.getByText("Be")).toBeTruthy();

  await press("Send");
  expect(asked).toHaveLength(2);
  await act(() => void unmount());
  expect(stop).toHaveBeenCalledTimes(2);
});

it("says why there is no answer", async () => {
  const { tell } = show();
  await type("Prompt", "Why?");
  await press("Send");

  await tell({ problem: { title: "It is gone.", hint: "Load it." } }, { ended: true });

  expect(screen.getByRole("alert").textContent).toBe("It is gone. Load it.");
});

it("writes a cell that does the same", async () => {
  const written: string[] = [];
  show(chat, { write: (code) => void written.push(code) });

  await type("Prompt", "Sum up {text}");
  await type("System prompt", "Be short; don't ramble.");
  await type("Max tokens", "20");
  await press("To a cell");

  expect(written).toEqual([
    "%%lms chat --system 'Be short; don'\\''t ramble.' --max-tokens 20 --no-fill\nSum up {text}",
  ]);
});

it("is offered where there is a way, for what can answer", () => {
  expect(show({ ...chat, kind: "embedding" }).container.innerHTML).toBe("");
  expect(show(chat, { try: undefined } as never).container.innerHTML).toBe("");
  expect(
    cellOf({
      ...{ identifier: "a b", instance_reference: "", prompt: "Hi" },
      ...{ system: null, temperature: null, max_tokens: null },
    }),
  ).toBe("%%lms 'a b'\nHi");
});
