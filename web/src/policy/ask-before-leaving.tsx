import { Button, Modal } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useText } from "../text/language.ts";

/**
 * Beside a form: while it holds what is not saved, whoever goes to another place of the page is asked first. Whoever closes
 * the tab, or loads another page in it, is asked by the browser, in its own words.
 */
export function AskBeforeLeaving({ isChanged }: { isChanged: boolean }): ReactElement {
  const { leaving: text } = useText();
  const blocker = useBlocker({
    // Another search or hash of the same place leaves the form where it is; who is signed out cannot stay.
    shouldBlockFn: ({ current, next }) => isChanged && current.pathname !== next.pathname && next.pathname !== "/login",
    enableBeforeUnload: () => isChanged,
    withResolver: true,
  });
  const { status, proceed, reset } = blocker;
  return (
    <Modal opened={status === "blocked"} onClose={() => reset?.()} title={text.title} withCloseButton={false}>
      <p>{text.lost}</p>
      <div className="actions">
        <Button data-autofocus onClick={() => reset?.()}>
          {text.stay}
        </Button>
        <Button variant="default" color="red" onClick={() => proceed?.()}>
          {text.leave}
        </Button>
      </div>
    </Modal>
  );
}
