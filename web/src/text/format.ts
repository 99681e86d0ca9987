import type { Language } from "./language.ts";

/** 21:04:07 today, with the date on another day. */
export function clockTime(us: number, language: Language, now = Date.now()): string {
  const date = new Date(us / 1000);
  const sameDay = new Date(now).toDateString() === date.toDateString();
  const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const day: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(language, sameDay ? time : { ...day, ...time }).format(date);
}

/** A time in a row of times: whole for the first and for each new minute, else seconds and milliseconds (`:02.114`). */
export function rowTime(us: number, beforeUs: number | undefined, language: Language): string {
  const minute = (one: number) => Math.floor(one / 60_000_000);
  if (beforeUs === undefined || minute(beforeUs) !== minute(us)) return clockTime(us, language);
  const ms = Math.floor(us / 1000) % 60_000;
  return `:${(ms / 1000).toFixed(3).padStart(6, "0")}`;
}

/** The whole date with milliseconds, for titles. */
export function fullTime(us: number, language: Language): string {
  const options: Intl.DateTimeFormatOptions = {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
    timeZoneName: "short",
  };
  return new Intl.DateTimeFormat(language, options).format(new Date(us / 1000));
}

/** 13:05, with the date on another day. */
export function minuteTime(us: number, language: Language): string {
  const date = new Date(us / 1000);
  if (new Date().toDateString() !== date.toDateString()) {
    const options: Intl.DateTimeFormatOptions = { dateStyle: "short", timeStyle: "short" };
    return new Intl.DateTimeFormat(language, options).format(date);
  }
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** A duration in its fitting unit: 340 µs, 12 ms, 1.8 s, 4 min, 3 h, 2 d. */
export function duration(us: number, language: Language): string {
  const steps: [number, string, number][] = [
    [1_000, "µs", 1],
    [1_000_000, "ms", 1_000],
    [60_000_000, "s", 1_000_000],
    [3_600_000_000, "min", 60_000_000],
    [86_400_000_000, "h", 3_600_000_000],
  ];
  const [, unit, size] = steps.find(([below]) => us < below) ?? [0, "d", 86_400_000_000];
  const value = us / size;
  return `${number(value, language, value < 10 && unit !== "µs" ? 1 : 0)} ${unit}`;
}

/** A count with the language's separators. */
export function number(value: number, language: Language, digits = 0): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** Bytes in MiB. */
export function mebibytes(bytes: number, language: Language): string {
  return `${number(bytes / 1_048_576, language, 0)} MiB`;
}
