import { act, screen } from "@testing-library/preact";
import { type ComponentChild, render } from "preact";
import { expect, it } from "vitest";
import { wordsFor } from "../text/words";
import { draw } from "./draw";
import { later } from "./later";
import { PlaceContext } from "./place";

interface Props {
  of: string;
}

/** A place whose third part comes when the test says so. */
function setUp() {
  let bring = (_: object) => {};
  let fail = () => {};
  let asked = 0;
  const details = () =>
    new Promise<object>((resolve, reject) => {
      asked += 1;
      bring = resolve;
      fail = () => reject(new Error("gone"));
    });
  const element = document.body.appendChild(document.createElement("div"));
  const show = (content: ComponentChild) =>
    act(() => {
      render(null, element);
      draw(
        element,
        wordsFor("en"),
        <PlaceContext.Provider value={{ details }}>{content}</PlaceContext.Provider>,
      );
    });
  return {
    show,
    asked: () => asked,
    bring: (parts: object) => act(async () => bring(parts)),
    fail: () => act(async () => fail()),
  };
}

it("says that something opens until it is here, and from then on draws it at once", async () => {
  const Facts = later<Props>("Facts");
  const page = setUp();
  await page.show(<Facts of="chat" />);
  expect(screen.getByRole("status").textContent).toBe("Opening…");

  await page.bring({ Facts: ({ of }: Props) => <p>All about {of}</p> });
  expect(screen.getByText("All about chat")).toBeTruthy();

  await page.show(<Facts of="coder" />);
  expect(screen.getByText("All about coder")).toBeTruthy();
  expect(page.asked()).toBe(1);
});

it("says why nothing opens, and asks again the next time", async () => {
  const Missing = later<Props>("Missing");
  const page = setUp();
  await page.show(<Missing of="chat" />);
  await page.fail();
  expect(screen.getByRole("alert").textContent).toContain("There was no answer in time.");

  await page.show(<Missing of="chat" />);
  expect(page.asked()).toBe(2);
});
