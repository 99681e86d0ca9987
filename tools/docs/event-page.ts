// Writes docs/events.md from the table of columns: node tools/docs/event-page.ts (a test fails when it is not current).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { classColumns } from "@atalaya/wire";
import { root } from "../setup/root.mjs";

const source = ["process-columns.ts", "syscall-columns.ts", "event-classes.ts"]
  .map((file) => readFileSync(join(root, "wire", "src", file), "utf8"))
  .join("\n");

/** A table of columns as it stands in the source, and after it those that it takes in (`...actor`). */
function tablesOf(name: string): string[] {
  const [table = ""] = new RegExp(`^(?:export )?const ${name} = \\{[\\s\\S]*?^\\}`, "m").exec(source) ?? [];
  return [table, ...[...table.matchAll(/^ {2}\.\.\.(\w+),/gm)].flatMap(([, taken = ""]) => tablesOf(taken))];
}

/** What stands above a column in the first of the tables that has it, as one line; "" where nothing does. */
export function remark(column: string, tables: readonly string[]): string {
  for (const table of tables) {
    const at = new RegExp(`(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s+)?^ {2}${column}:`, "m").exec(table);
    if (at === null) continue;
    const lines = (at[1] ?? "").split("\n").map((line) => line.trim().replace(/^\* ?/, ""));
    return lines.join(" ").trim().replaceAll("|", "\\|");
  }
  return "";
}

function typeText(type: unknown): string {
  if (Array.isArray(type)) return type.map((one) => `\`"${one}"\``).join(", ");
  if (type === "str" || type === "json") return "string";
  if (type === "strs") return "list of strings";
  if (type === "u53s") return "list of numbers";
  return type === "bool" ? "boolean" : "number";
}

/** The page as text. */
export function eventPage(): string {
  const parts = [
    "# Events as JSON",
    "",
    "What `atalaya events --json` and `atalaya collector --stdout` print and `atalaya replay` reads: one object a line, with",
    "`class` and the columns of that class. A column that is not known is left out. Times are microseconds: of the epoch in",
    "`time_us`, since boot in `start_us`, `exec_us` and `parent_start_us`. Unknown keys are ignored, a value of the wrong type",
    "is refused by its column's name. Made from the tables that `wire/src/event-classes.ts` names.",
    "",
    '    {"class":"process","activity":"exec","time_us":1764000000000000,"pid":42,"name":"sh","argv":["sh","-c","id"]}',
  ];
  for (const [name, columns] of Object.entries(classColumns)) {
    // State of objects: no rule sees it, nothing prints it.
    if (name === "inventory") continue;
    const tables = tablesOf(`${name}Columns`);
    parts.push("", `## ${name}`, "", "| column | type | |", "| --- | --- | --- |");
    for (const [column, type] of Object.entries(columns))
      parts.push(`| \`${column}\` | ${typeText(type)} | ${remark(column, tables)} |`);
  }
  return `${parts.join("\n")}\n`;
}

export const eventPageFile = join(root, "docs", "events.md");

if (import.meta.main) writeFileSync(eventPageFile, eventPage());
