import { afterEach, expect, it } from "vitest";
import type { Place } from "../../ui/controls/place";
import { type Mount, panelOf } from "./panel";
import type { PanelParts } from "./server";

const PARTS: PanelParts = { script: "first", live: "second", style: ".lms-Panel { color: red }" };
/** What it was mounted with last. */
let place: Place | undefined;
const mount: Mount = (_element, _transport, given) => {
  place = given;
  return () => {};
};

afterEach(() => document.head.replaceChildren());

function setUp(answers: (PanelParts | Error)[], opened: (string | Error)[] = []) {
  const asked: string[] = [];
  const server = {
    async panel() {
      asked.push("panel");
      const answer = answers.shift();
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
    async details() {
      asked.push("details");
      const answer = opened.shift();
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
  };
  const run = async <Exports>(script: string) => {
    asked.push(script);
    return { mount, LoadForm: script } as Exports;
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

  expect(drawn[0]).toBe(drawn[1]);
  expect(await panel()).toBe(drawn[0]);
  expect(asked).toEqual(["panel", "first", "second"]);
  expect(document.head.querySelectorAll("style")).toHaveLength(1);
});

it("forgets a server that did not answer, and asks again", async () => {
  const { asked, panel } = setUp([new Error("404"), PARTS]);

  await expect(panel()).rejects.toThrow("404");
  expect(document.head.querySelectorAll("style")).toHaveLength(0);

  await panel();
  expect(asked).toEqual(["panel", "panel", "first", "second"]);
});

it("brings what opens in the panel with its first use, once, and asks again where that failed", async () => {
  const { asked, panel } = setUp([PARTS], [new Error("502"), "third"]);
  const drawn = await panel();
  drawn(document.body, null as never, { surface: "sidebar" });
  expect(asked).toEqual(["panel", "first", "second"]);

  await expect(place?.details?.()).rejects.toThrow("502");
  expect(await place?.details?.()).toMatchObject({ LoadForm: "third" });
  await place?.details?.();

  expect(asked.slice(3)).toEqual(["details", "details", "third"]);
  expect(place?.surface).toBe("sidebar");
});
