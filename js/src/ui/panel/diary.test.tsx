import { act, fireEvent, screen } from "@testing-library/preact";
import { expect, it } from "vitest";
import diary from "../../../../tests/wire_samples/reply_diary.json" with { type: "json" };
import { cleanly, leave, press, showAnswered, three, wait } from "./fakePanel";

cleanly();

const catalog = { kind: "catalog", epoch: three.epoch, revision: 1, models: [] };

it("says in the details what an instance was asked, and where its settings come from", async () => {
  const transport = await showAnswered(["live", catalog, three], { read_diary: diary });
  await press(`More about ${three.instances[0]?.identifier}`);
  await wait(10);

  const asked = transport.sent.find(({ kind }) => kind === "read_diary");
  expect(asked).toMatchObject({
    instance_reference: three.instances[0]?.instance_reference,
  });
  expect(screen.getByText("Last request")).toBeTruthy();
  expect(
    screen.getByText(/train\.ipynb · 345 → 67 tokens · 46 tok\/s · 3\.4 s · complete/),
  ).toBeTruthy();
  expect(screen.getByText("4,096 (--profile fast)")).toBeTruthy();
  expect(screen.getByText("on (host's choice)")).toBeTruthy();
  leave();
});

it("has a timeline that reaches back beyond the page", async () => {
  const transport = await showAnswered(["live", catalog, three], { read_diary: diary });
  const timeline = document.querySelector(".lms-Timeline") as HTMLDetailsElement;
  await act(async () => {
    timeline.open = true;
    fireEvent(timeline, new Event("toggle"));
  });
  await wait(10);
  expect(transport.sent.some(({ kind }) => kind === "read_diary")).toBe(false);

  await press(/^7.d$/);
  await wait(10);

  expect(transport.sent.at(-1)).toMatchObject({ kind: "read_diary", instance_reference: null });
});
