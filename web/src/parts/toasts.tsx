import { type ReactElement, useSyncExternalStore } from "react";
import { limits } from "../limits.ts";
import { useText } from "../text/language.ts";
import { Icon } from "./icons.tsx";

type Toast = { id: number; message: string; kind: "done" | "failed"; undo?: () => void };

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

/** Says in a corner what was done, for a few seconds, with a way back where there is one. */
export function toast(message: string, kind: Toast["kind"] = "done", undo?: () => void): void {
  const one: Toast = { id: nextId++, message, kind };
  if (undo !== undefined) one.undo = undo;
  set([...toasts.slice(-2), one]);
  setTimeout(() => drop(one.id), limits.toastMs);
}

/** The corner. */
export function Toasts(): ReactElement {
  const text = useText();
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, message, kind, undo }) => (
        <div key={id} className={`toast ${kind}`}>
          <Icon name={kind === "done" ? "check" : "warning"} />
          <span>{message}</span>
          {undo && (
            <button
              type="button"
              onClick={() => {
                drop(id);
                undo();
              }}
            >
              {text.alerts.undo}
            </button>
          )}
          <button type="button" aria-label={text.shell.close} onClick={() => drop(id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}

function drop(id: number): void {
  set(toasts.filter((one) => one.id !== id));
}

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
