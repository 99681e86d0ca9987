// For parts that keep small files on disk; apart from the contract itself, which has no files.
export { readText, writeWhole } from "./src/whole-file.ts";
