import { act, fireEvent, screen } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import downloading from "../../../../tests/wire_samples/activity_downloading.json" with {
  type: "json",
};
import empty from "../../../../tests/wire_samples/activity_empty.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import noModels from "../../../../tests/wire_samples/catalog_empty.json" with { type: "json" };
import download from "../../../../tests/wire_samples/command_download.json" with { type: "json" };
import cancel from "../../../../tests/wire_samples/command_download_cancel.json" with {
  type: "json",
};
import limited from "../../../../tests/wire_samples/command_download_limited.json" with {
  type: "json",
};
import pause from "../../../../tests/wire_samples/command_download_pause.json" with {
  type: "json",
};
import resume from "../../../../tests/wire_samples/command_download_resume.json" with {
  type: "json",
};
import found from "../../../../tests/wire_samples/reply_found.json" with { type: "json" };
import foundNames from "../../../../tests/wire_samples/reply_found_names.json" with {
  type: "json",
};
import refused from "../../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Activity, Reply } from "../../protocol/protocol";
import { button, cleanly, deliver, isDisabled, press, show, wait } from "../panel/fakePanel";

cleanly();

const three = downloading as Activity;
const [running, paused, failed] = three.downloads;
const row = (name: string) => button(`Cancel downloading ${name}`).closest("li");

describe("downloads", () => {
  it("shows how far each is, how fast, and how long it takes", async () => {
    await show(catalog, three, "live");

    const text = row("qwen/qwen3-0.6b@q8_0")?.textContent?.replaceAll("\u00a0", " ");
    expect(text).toContain("39% · 310 MB of 804 MB · 21.5 MB/s · about 23 s left");
    expect(row("google/gemma-3-12b@q4_k_m")?.textContent).toContain("paused");
    expect(screen.getAllByRole("progressbar")).toHaveLength(3);
  });

  it("says which place one has that waits for others", async () => {
    const waiting = { ...running, queue_position: 2 } as Activity["downloads"][0];
    await show(catalog, { ...three, downloads: [waiting] }, "live");

    expect(row("qwen/qwen3-0.6b@q8_0")?.textContent).toContain("waits (2)");
  });

  it("keeps a failed one with its reason, what helps, and the way to try again", async () => {
    const transport = await show(catalog, three, "live");
    const name = "mistralai/devstral-small-2507@q4_k_m";
    expect(row(name)?.textContent).toContain("the disk has 3.1 GB left");
    expect(row(name)?.textContent).toContain("Make room on the disk");

    await press(`Try again: download ${name}`);

    expect(transport.sent).toEqual([resume]);
  });

  it("can be paused, resumed and cancelled, once a click", async () => {
    const transport = await show(catalog, { ...three, downloads: [running, paused] }, "live");
    await press("Cancel downloading qwen/qwen3-0.6b@q8_0");
    await press("Cancel downloading qwen/qwen3-0.6b@q8_0");
    expect(transport.sent).toEqual([cancel]);
    expect(isDisabled("Pause downloading qwen/qwen3-0.6b@q8_0")).toBe(true);

    await press("Resume downloading google/gemma-3-12b@q4_k_m");
    expect(transport.sent[1]).toEqual({ ...resume, download_id: "dl-2" });

    await deliver(transport, {
      ...three,
      revision: three.revision + 1,
      downloads: [{ ...paused, state: "running" }],
    });
    await press("Pause downloading google/gemma-3-12b@q4_k_m");
    expect(transport.sent[2]).toEqual(pause);
  });

  it("offers no pause where the host cannot", async () => {
    await show(catalog, { ...three, downloads: [{ ...running, can_pause: false }] }, "live");

    expect(screen.queryByRole("button", { name: /Pause/ })).toBeNull();
  });

  it("has dead buttons without a live connection", async () => {
    const transport = await show(catalog, { ...three, downloads: [failed] }, "live", "absent");

    await press("Try again: download mistralai/devstral-small-2507@q4_k_m");

    expect(transport.sent).toEqual([]);
  });
});

async function find(words: string, ...replies: object[]) {
  const transport = await show(noModels, empty, "live");
  transport.answer = (command) =>
    (command.kind === "find_downloads"
      ? replies.shift()
      : { kind: "accepted", now: transport.now() }) as Reply;
  await press("Get model…");
  const field = screen.getByRole("searchbox", { name: /owner\/name/ });
  expect(document.activeElement).toBe(field);
  await act(() => void fireEvent.input(field, { target: { value: words } }));
  await press("Find");
  return transport;
}

describe("getting a model", () => {
  it("offers the files of a name, and has one fetched", async () => {
    const transport = await find("qwen/qwen3-0.6b", found);
    expect(button("Get qwen/qwen3-0.6b Q4_K_M").closest("li")?.textContent).toContain(
      "recommended",
    );
    expect(button("Get qwen/qwen3-0.6b BF16").closest("li")?.textContent).toContain("may not fit");

    await press("Get qwen/qwen3-0.6b Q8_0");

    expect(transport.sent.at(-1)).toEqual(download);
    expect(screen.queryByRole("searchbox", { name: /owner\/name/ })).toBeNull();
  });

  it("says where each would fit and which is there, and limits how fast it comes", async () => {
    const activity = { ...(empty as Activity), revision: 1000 };
    activity.host = { ...activity.host, features: ["activity"] };
    const transport = await find("qwen/qwen3-0.6b", found);
    await deliver(transport, activity);
    expect(button("Get qwen/qwen3-0.6b Q4_K_M").closest("li")?.textContent).toContain(
      "fits into GPU memory",
    );
    expect(button("Get qwen/qwen3-0.6b BF16").closest("li")?.textContent).toContain("downloaded");
    const limit = screen.getByLabelText("At most");
    await act(() => void fireEvent.change(limit, { target: { value: "5000000" } }));

    await press("Get qwen/qwen3-0.6b Q8_0");

    expect(transport.sent.at(-1)).toEqual(limited);
  });

  it("offers the names that words fit, and then the files of one", async () => {
    const transport = await find("qwen3", foundNames, found);

    await press("qwen/qwen3-0.6b");

    expect(transport.sent.at(-1)).toEqual({ kind: "find_downloads", words: "qwen/qwen3-0.6b" });
    expect(button("Get qwen/qwen3-0.6b Q4_K_M")).toBeTruthy();
  });

  it("says why nothing was found", async () => {
    await find("zzz", refused);

    expect(screen.getByRole("alert").textContent).toContain(refused.problem.title);
  });

  it("takes over what was searched for in vain", async () => {
    await show(catalog, empty, "live");
    const search = screen.getByRole("searchbox");
    await act(() => void fireEvent.input(search, { target: { value: "zzz" } }));

    await press("Get “zzz”…");

    expect(screen.getByRole<HTMLInputElement>("searchbox", { name: /owner/ }).value).toBe("zzz");
  });

  it("is closed with Escape", async () => {
    await show(catalog, empty, "live");
    await press("Get model…");
    const field = screen.getByRole("searchbox", { name: /owner/ });

    await act(() => void fireEvent.keyDown(field, { key: "Escape" }));

    expect(screen.queryByRole("searchbox", { name: /owner/ })).toBeNull();
  });
});

describe("a click on Get", () => {
  const name = "Get qwen/qwen3-0.6b Q8_0";

  it("holds its button until it is answered, and closes the form when it is taken", async () => {
    const transport = await find("qwen/qwen3-0.6b", found);
    let answer: (reply: Reply) => void = () => {};
    transport.answer = () => new Promise((resolve) => (answer = resolve));

    await press(name);
    await press(name);

    expect(isDisabled(name)).toBe(true);
    expect(isDisabled("Get qwen/qwen3-0.6b Q4_K_M")).toBe(false);
    expect(transport.sent.filter(({ kind }) => kind === "download")).toHaveLength(1);
    answer({ kind: "accepted", now: transport.now() });
    await wait(0);
    expect(screen.queryByRole("searchbox", { name: /owner/ })).toBeNull();
  });

  it("holds it too where the file has no quantization of its own", async () => {
    const [offer] = found.offers;
    const plain = { ...found, offers: [{ ...offer, quantization: null }] };
    const transport = await find("qwen/qwen3-0.6b", plain);
    transport.answer = () => new Promise(() => {});

    await press(/^Get qwen/);

    expect(button(/^Get qwen/).getAttribute("aria-disabled")).toBe("true");
  });

  it("shows in the form why it was refused", async () => {
    const transport = await find("qwen/qwen3-0.6b", found);
    transport.answer = () => refused as Reply;

    await press(name);

    expect(screen.getByRole("alert").textContent).toContain(refused.problem.title);
    expect(isDisabled(name)).toBe(false);
  });
});
