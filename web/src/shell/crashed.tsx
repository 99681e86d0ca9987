import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";

/** In the place of a view whose code failed (our own bug, or a file of an older version that is gone). */
export function Crashed({ error }: { error: unknown }): ReactElement {
  const text = useText();
  return (
    <div className="panel notice failing" role="alert">
      <Icon name="warning" size={22} />
      <h2>{text.shell.crashed}</h2>
      <p className="mono">{error instanceof Error ? error.message.slice(0, 300) : ""}</p>
      <Button variant="default" onClick={() => location.reload()}>
        {text.shell.reload}
      </Button>
    </div>
  );
}
