import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Refusal } from "../api/refusal.ts";
import { useText } from "../text/language.ts";

/** Whether somebody else changed what was to be replaced, since it was opened. */
export function wasChanged(error: unknown): boolean {
  return error instanceof Refusal && error.code === "CHANGED_SINCE";
}

/** What to do about that: nothing is lost before `load` is pressed. */
export function ChangedMeanwhile({
  message,
  load,
  isLoading,
}: {
  message: string;
  load: () => void;
  isLoading: boolean;
}): ReactElement {
  const text = useText();
  return (
    <div className="changed-meanwhile" role="alert">
      <p>{message}</p>
      <Button variant="default" loading={isLoading} onClick={load}>
        {text.failure.loadAnew}
      </Button>
    </div>
  );
}
