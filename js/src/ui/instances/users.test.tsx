import { act, render, screen, within } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import engine from "../../../../tests/wire_samples/activity_engine.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import { button, cleanly, deliver, press, show } from "../panel/fakePanel";
import { Glance } from "../snapshot/Glance";
import { detailed } from "../text/detailWords";
import { instanceFacts } from "../text/facts";
import { STILL } from "../text/stillStrings";
import { wordsIn } from "../text/stillWords";
import { wordsFor } from "../text/words";

cleanly();

const ACTIVITY = engine as unknown as Activity;
const [CHAT, CODER] = ACTIVITY.instances as [Instance, Instance];

const rowOf = (identifier: string) => screen.getByText(identifier).closest("li") as HTMLElement;
const withUsers = (users: string[]): Activity => ({
  ...ACTIVITY,
  revision: ACTIVITY.revision + 1,
  instances: [{ ...CHAT, users }, CODER],
});

it("says what a row is kept by, and what it began with", async () => {
  const until = { ...CHAT, keep: { until: ACTIVITY.now + 600 }, warm_tokens: 4096 };
  const open: Instance = { ...CODER, keep: { until: null }, status: "idle", queued: 0 };
  await show(catalog, { ...ACTIVITY, instances: [until, open] }, "live");

  const facts = within(rowOf("chat")).getByText("8,192 tokens").parentElement;
  expect(facts?.title).toContain("warm: 4,096 tokens kept");
  expect(facts?.title).toMatch(/^kept until /m);
  expect(within(rowOf("chat")).getByText("pinned")).toBeTruthy();
  expect(within(rowOf("my-coder")).getByText("pinned")).toBeTruthy();
  await press("More about chat");
  expect(within(rowOf("chat")).getByText("warm: 4,096 tokens kept")).toBeTruthy();
  await press("More about my-coder");
  expect(screen.getByText("kept while a notebook is open that wants it")).toBeTruthy();
});

describe("who else uses an instance", () => {
  it("is counted in its row, with the names where one points at it", async () => {
    await show(catalog, ACTIVITY, "live");

    const facts = within(rowOf("my-coder")).getByText("also used by 2 kernels").parentElement;
    expect(within(rowOf("chat")).getByText("also used by 1 kernel")).toBeTruthy();
    expect(facts?.title.split("\n").slice(-2)).toEqual([
      "loaded by analysis.ipynb",
      "also used by eval.ipynb, drafts.ipynb",
    ]);
  });

  it("is named in its details beside its owner", async () => {
    await show(catalog, ACTIVITY, "live");

    await press("More about my-coder");

    expect(rowOf("my-coder").textContent).toContain(
      "Loaded byanalysis.ipynbAlso used byeval.ipynb, drafts.ipynb",
    );
  });

  it("is named as the user that the host knows, and so is who waits for whom", async () => {
    const waiting = [
      { user: "ben", requests: 2, waits_for: ["ada"] },
      { user: "", requests: 1, waits_for: ["ada"] },
    ];
    const instances = [{ ...CHAT, user: "ada", waiting }, CODER];
    await show(catalog, { ...ACTIVITY, instances }, "live");

    await press("More about chat");

    const text = rowOf("chat").textContent;
    expect(text).toContain("Loaded bytour.ipynb (ada)");
    expect(text).toContain("Waitingben (2) for ada · the owner of the host (1) for ada");
  });

  it("comes and goes, and nothing is said of nobody", async () => {
    const transport = await show(catalog, withUsers([]), "live");
    await press("More about chat");
    expect(rowOf("chat").textContent).not.toMatch(/kernel|used by/i);

    await deliver(transport, { ...withUsers(["b.ipynb"]), revision: 90 });
    expect(rowOf("chat").textContent).toContain("Also used byb.ipynb");

    await deliver(transport, { ...withUsers([]), revision: 91 });
    expect(rowOf("chat").textContent).not.toMatch(/kernel|used by/i);
  });

  it("is in the still picture too", async () => {
    await act(() => void render(<Glance activity={ACTIVITY} catalog={null} />));

    expect(within(rowOf("my-coder")).getByText(/also used by 2 kernels/)).toBeTruthy();
  });

  it("is said by the button that would take it from them", async () => {
    const transport = await show(catalog, ACTIVITY, "live");
    const title = () => button("Unload my-coder").title;
    expect(title()).toBe("Unload: used by analysis.ipynb, eval.ipynb, drafts.ipynb");

    const instances = ACTIVITY.instances.map((one) => ({ ...one, users: [], owner: null }));
    await deliver(transport, { ...ACTIVITY, revision: ACTIVITY.revision + 1, instances });
    expect(title()).toBe("Unload");
  });

  it("is said in German", () => {
    const words = wordsIn(STILL, "de");

    expect(instanceFacts(CODER, words)).toContain("auch von 2 Kerneln benutzt");
    expect(detailed(wordsFor("de")).strings.users).toBe("Auch benutzt von");
  });
});
