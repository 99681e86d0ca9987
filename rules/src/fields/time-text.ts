/** `2026-11-24T10:15:10.118790000Z`: Falco's time with nanoseconds; undefined when the time is not one. */
export function isoTime(timeUs: number | null | undefined): string | undefined {
  if (timeUs === null || timeUs === undefined) return undefined;
  const date = new Date(Math.floor(timeUs / 1_000_000) * 1_000);
  if (Number.isNaN(date.getTime())) return undefined;
  return `${date.toISOString().slice(0, -5)}.${String(timeUs % 1_000_000).padStart(6, "0")}000Z`;
}

/** `10:15:10.118790000`, in UTC: alerts of several machines are read side by side. */
export function timeOfDay(timeUs: number | null | undefined): string | undefined {
  const iso = isoTime(timeUs);
  return iso?.slice(iso.indexOf("T") + 1, -1);
}
