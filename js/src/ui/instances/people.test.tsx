import { act, cleanup, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import { type NotebookLink, PlaceContext } from "../controls/place";
import { ownerOf } from "../text/detailFacts";
import { detailed } from "../text/detailWords";
import { wordsFor } from "../text/words";
import { Names, useNotebooks } from "./People";

const [, CODER] = (engine as unknown as Activity).instances as [Instance, Instance];
const words = detailed(wordsFor("en"));

function People({ instance }: { instance: Instance }) {
  const links = useNotebooks(instance);
  return (
    <>
      <p>
        <Names names={[ownerOf(instance, words) ?? ""]} links={links} />
      </p>
      <p>
        <Names names={instance.users} links={links} />
      </p>
    </>
  );
}

afterEach(cleanup);

const draw = (notebooks: () => Promise<readonly NotebookLink[]>, instance: Instance) =>
  act(async () => {
    render(
      <PlaceContext.Provider value={{ notebooks }}>
        <People instance={instance} />
      </PlaceContext.Provider>,
    );
  });

it("opens the notebooks that can be opened, each its own", async () => {
  const opened: string[] = [];
  const link = (name: string, path: string) => ({ name, open: () => void opened.push(path) });
  const found = [
    link("analysis.ipynb", "a/analysis.ipynb"),
    link("eval.ipynb", "one/eval.ipynb"),
    link("eval.ipynb", "two/eval.ipynb"),
  ];
  const users = ["eval.ipynb", "script.py", "eval.ipynb"];

  await draw(async () => found, { ...CODER, owner: "analysis.ipynb", users });

  const buttons = await screen.findAllByRole("button");
  for (const button of buttons) button.click();
  expect(opened).toEqual(["a/analysis.ipynb", "one/eval.ipynb", "two/eval.ipynb"]);
  expect(document.body.textContent).toBe("analysis.ipynbeval.ipynb, script.py, eval.ipynb");
});

it("leaves names where nothing can be opened, or nobody answers", async () => {
  const failing = vi.fn(async () => {
    throw new Error("no server");
  });

  await draw(failing, { ...CODER, owner: "rest", users: ["<b>x</b>.ipynb"] });

  await vi.waitFor(() => expect(failing).toHaveBeenCalledTimes(1));
  expect(screen.queryAllByRole("button")).toEqual([]);
  expect(document.body.textContent).toContain("<b>x</b>.ipynb");
});
