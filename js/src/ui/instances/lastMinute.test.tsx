import { screen } from "@testing-library/preact";
import { expect, it } from "vitest";
import catalog from "../../../../tests/wire_samples/catalog.json" with { type: "json" };
import type { Instance } from "../../protocol/protocol";
import { cleanly, deliver, later, press, show, three, wait } from "../panel/fakePanel";

cleanly();

const [CHAT] = three.instances as [Instance];
const doing = (change: Partial<Instance>, revision: number) => ({
  ...later({ instances: [{ ...CHAT, ...change }] }),
  revision: three.revision + revision,
});
const line = () => screen.getByRole("img", { name: /idle|tok\/s|generating|processing/ });
const points = () =>
  line()
    .querySelector("polyline")
    ?.getAttribute("points")
    ?.split(" ")
    .map((point) => Number(point.split(",")[1]));
const heights = () =>
  [...line().querySelectorAll("rect")].map((one) => Number(one.getAttribute("height")));

it("draws the speed and the requests of the last minute, as they come", async () => {
  const transport = await show(catalog, three, "live");
  await press(`More about ${CHAT.identifier}`);
  expect(points()).toBeUndefined();

  await deliver(transport, doing({ status: "generating", queued: 3, tokens_per_second: 20 }, 1));
  await wait(1000);
  await deliver(transport, doing({ status: "generating", queued: 1, tokens_per_second: 40 }, 2));
  await wait(1000);
  await deliver(transport, doing({ status: "idle", queued: 0 }, 3));
  await wait(1000);

  // Nothing, half of the fastest, the fastest, nothing: upside down, as pictures count.
  expect(points()).toEqual([19, 10, 1, 19]);
  expect(heights()[0]).toBe(0);
  expect(heights()[1]).toBe(20);
  expect(heights()[2]).toBeCloseTo(20 / 3);
  expect(line().getAttribute("aria-label")).toBe("idle · fastest in the last minute: 40 tok/s");

  await wait(61_000);
  expect(points()).toBeUndefined();
  expect(heights().length).toBe(60);
});

it("says what is done where the host tells neither speed nor queue", async () => {
  const transport = await show(catalog, three, "live");
  await press(`More about ${CHAT.identifier}`);

  await deliver(transport, doing({ status: "processing_prompt", tokens_per_second: null }, 1));
  await wait(1000);

  expect(heights().at(-1)).toBe(20);
  expect(line().getAttribute("aria-label")).toBe("processing prompt");
});
