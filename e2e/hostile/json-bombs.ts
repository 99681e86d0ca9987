import { gzipSync } from "node:zlib";

const mib = 1024 * 1024;

/** Audit bodies of at most 12 MiB that cost far more to parse, or are meant to change what the parser builds. */
export function jsonBombs(): Map<string, Buffer> {
  const list = (items: string) => `{"kind":"EventList","items":[${items}]}`;
  const poison = '{"__proto__":{"level":"Metadata"},"constructor":{"prototype":{"polluted":true}},"auditID":"p"}';
  return new Map([
    ["12 MiB of open brackets", Buffer.alloc(12 * mib - 1, "[")],
    ["6 million nested lists", Buffer.concat([Buffer.alloc(6 * mib - 1, "["), Buffer.alloc(6 * mib - 1, "]")])],
    ["2 million nested objects", Buffer.from(`${'{"a":'.repeat(2 * mib - 1)}1${"}".repeat(2 * mib - 1)}`)],
    ["4 million empty records", Buffer.from(list(`${"{},".repeat(4 * mib - 100)}{}`))],
    ["a million keys", Buffer.from(`{${Array.from({ length: 900_000 }, (_, i) => `"k${i}":1`).join(",")}}`)],
    ["one key two million times", Buffer.from(`{${'"a":1,'.repeat(2 * mib - 100)}"a":1}`)],
    ["a text of 12 MiB", Buffer.from(list(`"${"a".repeat(12 * mib - 100)}"`))],
    ["prototypes", Buffer.from(list(poison))],
    ["a number of a million digits", Buffer.from(list(`{"level":${"9".repeat(mib)}}`))],
    ["half a gigabyte in gzip", gzipSync(Buffer.alloc(512 * mib))],
    ["gzip in gzip", gzipSync(gzipSync(Buffer.alloc(64 * mib)))],
  ]);
}
