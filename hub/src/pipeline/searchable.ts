import { storeLimits } from "../core/limits.ts";

/** Lower case and without accents, so that "autenticacion" finds "Autenticación". Cut at searchTextCharsMax. */
export function searchable(text: string): string {
  return text
    .slice(0, storeLimits.searchTextCharsMax)
    .normalize("NFD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase();
}
