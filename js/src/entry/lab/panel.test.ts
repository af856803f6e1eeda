import { afterEach, expect, it } from "vitest";
import { panelOf } from "./panel";
import type { PanelParts } from "./server";

const PARTS: PanelParts = { script: "first", live: "second", style: ".lms-Panel { color: red }" };
const mount = () => () => {};

afterEach(() => document.head.replaceChildren());

function setUp(answers: (PanelParts | Error)[]) {
  const asked: string[] = [];
  const server = {
    async panel() {
      asked.push("panel");
      const answer = answers.shift();
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
  };
  const run = async (script: string) => {
    asked.push(script);
    return { mount, live: () => () => {} };
  };
  const importScript = async (script: string) => {
    asked.push(script);
    return { run };
  };
  return { asked, panel: panelOf(server, importScript) };
}

it("asks once, however often the sidebar is drawn, and brings the style once", async () => {
  const { asked, panel } = setUp([PARTS]);

  const drawn = await Promise.all([panel(), panel()]);

  expect(drawn).toEqual([mount, mount]);
  expect(await panel()).toBe(mount);
  expect(asked).toEqual(["panel", "first", "second"]);
  expect(document.head.querySelectorAll("style")).toHaveLength(1);
});

it("forgets a server that did not answer, and asks again", async () => {
  const { asked, panel } = setUp([new Error("404"), PARTS]);

  await expect(panel()).rejects.toThrow("404");
  expect(document.head.querySelectorAll("style")).toHaveLength(0);

  expect(await panel()).toBe(mount);
  expect(asked).toEqual(["panel", "panel", "first", "second"]);
});
