import { expect, it } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import lines from "../../../../tests/wire_samples/lines/load_lines.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { formLine } from "../loadForm/formLine";
import { instanceLine, sdkCode } from "./code";

const [chat, embedding] = (idle as Activity).instances as [Instance, Instance];

it.each(lines)("writes the line that does what a click does: $line", ({ request, line }) => {
  expect(formLine(request as LoadFields)).toBe(line);
});

it("writes down an instance, for a magic and for the SDK", () => {
  expect(instanceLine(chat)).toBe(
    "%lms load qwen/qwen3-4b-2507 -c 8192 --ttl 5m --identifier chat",
  );
  expect(sdkCode(chat)).toBe('import lmstudio\n\nmodel = lmstudio.llm("chat")');
  expect(sdkCode(embedding)).toContain("lmstudio.embedding_model(");
});
