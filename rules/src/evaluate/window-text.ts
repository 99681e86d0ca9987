/** What a window holds. */
export type WindowContent = {
  /** Value -> time of its latest event. For event_count every event is its own value. */
  values: Map<string, number>;
  /** The latest time that any event of the window had. */
  newest: number;
  /** Nothing fires before this time: it has fired, and once a window is enough. */
  quietUntil: number;
  serial: number;
};

// A window as text: [newest, quiet until, serial, value, age, value, age, ...], times in microseconds, ages before the newest.

export function writeWindow({ newest, quietUntil, serial, values }: WindowContent): string {
  const flat: (string | number)[] = [newest, quietUntil, serial];
  for (const [value, time] of values) flat.push(value, newest - time);
  return JSON.stringify(flat);
}

/** Undefined for what is no window's text: a row that a disk has damaged costs one window, not the start. */
export function readWindow(text: string): WindowContent | undefined {
  const flat = parsed(text);
  if (flat === undefined || flat.length < 3 || flat.length % 2 === 0) return undefined;
  const [newest, quietUntil, serial] = flat;
  if (typeof newest !== "number" || typeof quietUntil !== "number" || typeof serial !== "number") return undefined;
  const values = new Map<string, number>();
  for (let at = 3; at < flat.length; at += 2) {
    const [value, age] = [flat[at], flat[at + 1]];
    if (typeof value !== "string" || typeof age !== "number") return undefined;
    values.set(value, newest - age);
  }
  return { values, newest, quietUntil, serial };
}

function parsed(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A row of the log: rule, scope, key, state (null: the window is gone), and again. Nothing for what is no such row. */
export function* readWindowLog(
  text: string,
): Generator<{ rule: string; scope: string; key: string; state: string | null }> {
  const flat = parsed(text) ?? [];
  for (let at = 0; at + 3 < flat.length; at += 4) {
    const [rule, scope, key, state] = flat.slice(at, at + 4);
    if (typeof rule !== "string" || typeof scope !== "string" || typeof key !== "string") continue;
    if (typeof state === "string" || state === null) yield { rule, scope, key, state };
  }
}
