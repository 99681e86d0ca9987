import { type RefObject, useRef } from "react";

/**
 * Where the keyboard goes when a row of a policy came or went: into the new row's name, or to the button that adds one; and
 * when a policy was put in force: to the line that says so, unless it went elsewhere meanwhile.
 */
export function useRowFocus(): {
  rows: RefObject<HTMLOListElement | null>;
  addButton: RefObject<HTMLButtonElement | null>;
  stateLine: RefObject<HTMLParagraphElement | null>;
  toNewRow: () => void;
  toAddButton: () => void;
  toStateLine: () => void;
} {
  const rows = useRef<HTMLOListElement>(null);
  const addButton = useRef<HTMLButtonElement>(null);
  const stateLine = useRef<HTMLParagraphElement>(null);
  // After the rows are drawn as they are now.
  const later = (find: () => HTMLElement | null | undefined) => void requestAnimationFrame(() => find()?.focus());
  return {
    rows,
    addButton,
    stateLine,
    toNewRow: () => later(() => rows.current?.lastElementChild?.querySelector("input")),
    toAddButton: () => later(() => addButton.current),
    // A frame later still: by then the button that was pressed is disabled, and a disabled one loses the keyboard.
    toStateLine: () =>
      void requestAnimationFrame(() =>
        later(() => (document.activeElement?.matches("body, :disabled") ? stateLine.current : null)),
      ),
  };
}
