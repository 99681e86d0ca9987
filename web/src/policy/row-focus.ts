import { type RefObject, useRef } from "react";

/** Where the keyboard goes when a row of a policy came or went: into the new row's name, or to the button that adds one. */
export function useRowFocus(): {
  rows: RefObject<HTMLOListElement | null>;
  addButton: RefObject<HTMLButtonElement | null>;
  toNewRow: () => void;
  toAddButton: () => void;
} {
  const rows = useRef<HTMLOListElement>(null);
  const addButton = useRef<HTMLButtonElement>(null);
  // After the rows are drawn as they are now.
  const later = (find: () => HTMLElement | null | undefined) => void requestAnimationFrame(() => find()?.focus());
  return {
    rows,
    addButton,
    toNewRow: () => later(() => rows.current?.lastElementChild?.querySelector("input")),
    toAddButton: () => later(() => addButton.current),
  };
}
