import { useEffect, useRef } from "react";

export type Keys = readonly (readonly [name: string, action: (event: KeyboardEvent) => void])[];

/**
 * Single keys for the whole page, by their name (`j`, `Enter`, `?`) or, after `g`, as `g a`. They are left alone while
 * somebody types, with a modifier, and while a dialog or menu is open.
 */
export function useKeys(keys: Keys, enabled = true): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    if (!enabled) return;
    let prefix = "";
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('[role="dialog"], [role="menu"]') !== null) return;
      const name = `${prefix}${event.key}`;
      prefix = event.key === "g" && prefix === "" ? "g " : "";
      const action = current.current.find(([one]) => one === name)?.[1];
      // On a button or link, Enter and space mean that button.
      if (action === undefined || ((name === "Enter" || name === " ") && isControl(event.target))) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [enabled]);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a, button, summary, input, [role=switch]") !== null;
}
