import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { TestHub } from "../test-hub.ts";

type Operation = { summary?: string; tags?: string[]; security?: unknown[]; responses?: Record<string, unknown> };
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

let hub: TestHub;
let document: Document;
before(async () => {
  hub = await TestHub.start();
  document = (await hub.call("GET", "/openapi.json")).json as Document;
});
after(() => hub.stop());

test("the document is valid OpenAPI 3.1", async () => {
  assert.equal(document.openapi, "3.1.0");
  const result = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(result.valid, true);
});

test("every reference in the document leads somewhere", () => {
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(references.length > 10);
  for (const reference of new Set(references)) {
    let at: unknown = document;
    for (const key of reference.split("/")) at = (at as Record<string, unknown> | undefined)?.[key];
    assert.notEqual(at, undefined, reference);
  }
});

test("every route that the contract names is in the document", () => {
  // The list of routes stands in the contract, as a comment above the schemas.
  const contract = readFileSync(new URL("../../../wire/src/api.ts", import.meta.url), "utf8");
  const named = [...contract.matchAll(/^\/\/ {3}(GET|POST|PUT|DELETE) +(\/[^\s?]+)/gm)].map((match) => [
    match[1],
    match[2],
  ]);
  assert.ok(named.length >= 20);
  for (const [method = "", path = ""] of named) {
    const written = path.replace(/:(\w+)/g, "{$1}");
    assert.ok(document.paths[written]?.[method.toLowerCase()], `${method} ${written}`);
  }
});

test("every operation says what it does, who may call it and how it refuses", () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method} ${path}`;
      assert.ok(operation.summary, `${name} has a summary`);
      assert.ok(operation.tags?.length, `${name} has a tag`);
      assert.ok(operation.security, `${name} says who may call it`);
      assert.ok(
        Object.keys(operation.responses ?? {}).some((status) => /^20[04]$/.test(status)),
        `${name} answers`,
      );
      if (/^\/(api|v1)\//.test(path)) assert.ok(operation.responses?.["4XX"], `${name} refuses`);
    }
  }
});
