import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const docs = fileURLToPath(new URL("../../docs", import.meta.url));
const values = parse(readFileSync(new URL("../atalaya/values.yaml", import.meta.url), "utf8")) as unknown;
const pages = ["install", "architecture"].flatMap((folder) =>
  readdirSync(join(docs, folder)).map((name) => join(docs, folder, name)),
);

/** Whether the chart has a value of this name; what is below an open map may be any key. */
function has(name: string): boolean {
  let here = values;
  for (const key of name.split(".")) {
    if (typeof here !== "object" || here === null) return false;
    if (!Object.hasOwn(here, key)) return Object.keys(here).length === 0;
    here = (here as Record<string, unknown>)[key];
  }
  return true;
}

test("every value that the pages on installing tell to set is one of the chart", () => {
  let found = 0;
  for (const page of pages) {
    const text = readFileSync(page, "utf8");
    for (const [, name = ""] of text.matchAll(/--set(?:-file|-string)?\s+'?([\w.]+)=/g)) {
      found += 1;
      assert.ok(has(name), `${page}: ${name}`);
    }
    const parts = ["audit", "collector", "host", "hub", "images", "inventory", "networkPolicies", "nodes", "publisher"];
    for (const [, name = ""] of text.matchAll(/`((?:[a-z]\w*)(?:\.\w+)+)`/g))
      if (parts.includes(name.split(".")[0] ?? "") && !/\.(ts|log|io)$/.test(name))
        assert.ok(has(name), `${page}: ${name}`);
  }
  assert.ok(found >= 10, `${found} values`);
});

test("every link between the pages on installing leads somewhere", () => {
  for (const page of pages) {
    for (const [, target = ""] of readFileSync(page, "utf8").matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(existsSync(join(dirname(page), target)), `${page}: ${target}`);
  }
});
