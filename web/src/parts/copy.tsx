import { ActionIcon, Tooltip } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { Icon } from "./icons.tsx";
import { Plain } from "./plain.tsx";
import { toast } from "./toasts.tsx";

/**
 * Copies `value`. Hidden characters are copied as their signs: a line break inside a value would run as a command of
 * its own when it is pasted into a terminal.
 */
export function CopyButton({
  value,
  label,
  icon = "copy",
}: {
  value: string;
  label?: string;
  icon?: "copy" | "link";
}): ReactElement {
  const text = useText();
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(visibleString(value));
      setDone(true);
      setTimeout(() => setDone(false), 1_500);
    } catch {
      toast(text.shell.copyFailed, "failed");
    }
  };
  const name = done ? text.shell.copied : (label ?? text.shell.copy);
  return (
    <Tooltip label={name}>
      <ActionIcon variant="subtle" size="sm" className="copy" aria-label={name} onClick={() => void copy()}>
        <Icon name={done ? "check" : icon} size={15} />
      </ActionIcon>
    </Tooltip>
  );
}

/** A command that can be copied. */
export function Command({ command }: { command: string }): ReactElement {
  return (
    <div className="command">
      <code>
        <Plain text={command} />
      </code>
      <CopyButton value={command} />
    </div>
  );
}
