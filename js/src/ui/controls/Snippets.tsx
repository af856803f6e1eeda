import type { Model } from "../../protocol/protocol";
import { baseUrl, curlCode, openaiCode, sdkCode } from "../text/code";
import { useDetailWords } from "../text/detailWords";
import { quiet } from "./Button";
import { CopyButton } from "./CopyButton";

interface Props {
  kind: Model["kind"];
  /** As the host is asked for it: a key or an identifier. */
  name: string;
  address: string;
}

/** Code that talks to a model from elsewhere; the host's token is in none of it. */
export function Snippets({ kind, name, address }: Props) {
  const { strings } = useDetailWords();
  return (
    <>
      <CopyButton text={sdkCode({ kind, identifier: name })}>{strings.copyCode}</CopyButton>
      <details class="lms-Snippets">
        <summary {...quiet}>{strings.copyMore}</summary>
        <CopyButton text={openaiCode(kind, name, address)}>{strings.copyOpenai}</CopyButton>
        <CopyButton text={curlCode(kind, name, address)}>{strings.copyCurl}</CopyButton>
        <CopyButton text={baseUrl(address)}>{strings.copyUrl}</CopyButton>
      </details>
    </>
  );
}
