import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Refusal } from "../api/refusal.ts";
import type { Dictionary } from "../text/en.ts";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { Icon } from "./icons.tsx";

/** What failed, in words that say what to do. */
export function failureText(error: unknown, text: Dictionary): string {
  if (!(error instanceof Refusal)) return text.failure.other(error instanceof Error ? error.message : "");
  if (error.code === "OFFLINE") return text.failure.offline;
  if (error.code === "SHAPE") return text.failure.shape;
  const known = text.failure.issues[error.issue ?? ""] ?? text.failure.codes[error.code];
  if (known !== undefined) return known;
  if (error.status === 403) return text.failure.forbidden;
  return text.failure.other(visibleString(error.message));
}

/** In the place of what could not be loaded, with a button to try again. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }): ReactElement {
  const text = useText();
  return (
    <div className="panel notice failing" role="alert">
      <Icon name="warning" size={22} />
      <h2>{text.failure.title}</h2>
      <p>{failureText(error, text)}</p>
      <Button variant="default" onClick={retry}>
        {text.shell.retry}
      </Button>
    </div>
  );
}
