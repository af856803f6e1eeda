import { screen } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import lost from "../../../../tests/wire_samples/activity_lost.json" with { type: "json" };
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import switchHost from "../../../../tests/wire_samples/command_switch_host.json" with {
  type: "json",
};
import hosts from "../../../../tests/wire_samples/reply_hosts.json" with { type: "json" };
import refused from "../../../../tests/wire_samples/reply_refused.json" with { type: "json" };
import type { Activity, Reply } from "../../protocol/protocol";
import { cleanly, deliver, isDisabled, press, show, three, timers, wait } from "./fakePanel";

cleanly();

const other = hosts.hosts[1];

async function opened(reply: object = hosts, answer: object = { kind: "accepted", now: 0 }) {
  const transport = await show(catalog, three, "live");
  transport.answer = ({ kind }) => (kind === "list_hosts" ? reply : answer) as Reply;
  await press("Host details");
  await wait(0);
  return transport;
}

describe("the host bar", () => {
  it("says which version it is and since when we are connected", async () => {
    await opened();

    const facts = screen.getByText("Connected since").closest("dl");
    expect(facts?.textContent).toContain("Address127.0.0.1:1234");
    expect(facts?.textContent).toContain("Version0.4.9");
    expect(facts?.textContent).toMatch(/Connected since\d\d:\d\d/);
  });

  it("offers the other hosts that Python names, and asks for one by its address", async () => {
    const transport = await opened();
    const list = screen.getByRole("list", { name: "Other hosts" });
    expect(list.children).toHaveLength(1);

    await press(`Switch to ${other?.name} ${other?.address}`);

    expect(transport.sent.at(-1)).toEqual({ ...switchHost, address: other?.address });
    expect(isDisabled(`Switch to ${other?.name} ${other?.address}`)).toBe(true);
  });

  it("calls a host by the name that it was given", async () => {
    const named = { ...other, given_name: "gpu" };
    await opened({ ...hosts, hosts: [hosts.hosts[0], named] });

    await press(`Switch to gpu ${other?.address}`);

    expect(screen.getByRole("list", { name: "Other hosts" }).textContent).toContain("gpu");
  });

  it("has the given name in its line, and what it is in its details", async () => {
    await show(catalog, { ...three, host: { ...three.host, given_name: "gpu" } }, "live");
    expect(document.querySelector(".lms-HostBar-name")?.textContent).toBe("gpu 0.4.9");

    await press("Host details");

    const facts = screen.getByText("Connected since").closest("dl");
    expect(facts?.textContent).toContain("VersionLM Studio 0.4.9");
  });

  it("says why a switch was refused", async () => {
    await opened(hosts, refused);

    await press(`Switch to ${other?.name} ${other?.address}`);

    expect(screen.getByRole("alert").textContent).toContain(refused.problem.title);
  });

  it("says that a GPU lies idle, and what to do, as the doctor does", async () => {
    await opened();
    expect(screen.getByRole("note").textContent).toBe(
      `${hosts.idle_gpu.says} ${hosts.idle_gpu.advice}`,
    );
  });

  it("says nothing of GPUs where none lies idle", async () => {
    await opened({ ...hosts, idle_gpu: null });
    expect(screen.queryByRole("note")).toBeNull();
  });

  it("offers nothing where there is no other", async () => {
    await opened({ ...hosts, hosts: hosts.hosts.slice(0, 1) });

    expect(screen.queryByRole("list", { name: "Other hosts" })).toBeNull();
  });

  it("counts down to the next attempt at a lost host, and says when it is made", async () => {
    const away = lost as Activity;
    const host = { ...away.host, retry_at: away.now + 8 };
    const transport = await show(catalog, { ...away, host }, "live");
    expect(screen.getAllByRole("status")[0]?.textContent).toContain("Connection lost");
    expect(timers()).toEqual(["Next attempt in 8\u00a0s"]);

    await wait(5000);
    expect(timers()).toEqual(["Next attempt in 3\u00a0s"]);
    await wait(3000);
    expect(timers()).toEqual(["Reconnecting"]);

    await deliver(transport, { ...away, revision: 99, host: { ...host, retry_at: null } });
    expect(screen.queryAllByRole("timer")).toEqual([]);
  });
});
