// What other parts may use of the page without a browser: nothing but the rules by which it reads text and addresses.
export { type AlertFilters, hubQuery, matchesFilters, readFilters, readSearch } from "./src/alerts/alert-filters.ts";
export { splitTriage, type TriagePart } from "./src/parts/commands-in-text.ts";
export { type Piece, visiblePieces, visibleString } from "./src/text/visible-text.ts";
