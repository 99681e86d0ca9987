import type { Text } from "@atalaya/wire/api";
import { useSyncExternalStore } from "react";
import { type Dictionary, en } from "./en.ts";
import { es } from "./es.ts";

export const languages = ["en", "es"] as const;
export type Language = (typeof languages)[number];

const storageKey = "atalaya.language";
const dictionaries: Record<Language, Dictionary> = { en, es };
const listeners = new Set<() => void>();
let current: Language = firstLanguage();
document.documentElement.lang = current;

/** The language in use and its texts; components that call it are drawn again when it changes. */
export function useText(): Dictionary {
  return dictionaries[useLanguage()];
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, () => current);
}

/** Switches the language and remembers it in this browser. */
export function setLanguage(language: Language): void {
  current = language;
  document.documentElement.lang = language;
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is closed.
  }
  for (const listener of listeners) listener();
}

/** Picks a rule's sentence in the language in use. */
export function usePick(): (text: Text) => string {
  const language = useLanguage();
  return (text) => text[language];
}

function firstLanguage(): Language {
  const kept = readKept();
  if (kept !== undefined) return kept;
  for (const wanted of navigator.languages) {
    const known = languages.find((one) => wanted.toLowerCase().startsWith(one));
    if (known !== undefined) return known;
  }
  return "en";
}

function readKept(): Language | undefined {
  try {
    const kept = localStorage.getItem(storageKey);
    return languages.find((one) => one === kept);
  } catch {
    return undefined;
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
