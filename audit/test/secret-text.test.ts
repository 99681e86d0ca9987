import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { auditEventsFromBody } from "../index.ts";
import { hideAssigned } from "../src/assigned-secrets.ts";
import { namesASecret, redacted, secretWordCharsMax, secretWords } from "../src/secret-names.ts";
import { redactText } from "../src/secret-text.ts";
import { beginsAWebToken, hideWebTokens } from "../src/web-tokens.ts";
import { auditRecord } from "./audit-records.ts";

// What is looked for, as one expression each: readable, and with a cost that grows by the square or worse.
const assignment = new RegExp(
  `((?:--?[\\w.-]{0,32})?(?:${secretWords}|-key-data)[\\w.-]{0,64})` +
    `(\\\\{0,2}["']?\\s{0,8}=\\s{0,8}|\\\\{0,2}["']\\s{0,8}:\\s{0,8}|\\s{0,8}:\\s{1,8}|\\s{1,8})` +
    `(\\\\{0,2}"[^"\\n]*"?|'[^'\\n]*'?|[^\\s"',;&}]{1,4096})`,
  "gi",
);
const webToken = /\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g;

function hiddenByExpression(text: string): string {
  let out = "";
  let kept = 0;
  assignment.lastIndex = 0;
  for (let found = assignment.exec(text); found !== null; found = assignment.exec(text)) {
    const [whole, name = "", between = "", value = ""] = found;
    const onlySpace = between.trim() === "";
    if ((!onlySpace || name.startsWith("-")) && namesASecret(name)) {
      out += `${text.slice(kept, found.index)}${name}${between}${redacted}`;
      kept = found.index + whole.length;
    } else if (onlySpace || /^[\\"']/.test(value)) {
      // What was not hidden may hold an assignment of its own.
      assignment.lastIndex = found.index + name.length + between.length;
    }
  }
  return out + text.slice(kept);
}

const words = ["token", "PASSWORD", "passwd", "dsn", "jwt", "api-key", "connection_string", "-key-data", "secretName"];
const marks = ["-", "--", "=", ":", ": ", " ", "\n", '"', "'", "\\", ",", ".", "_", "/", "é", "a", "x".repeat(31)];
const piece = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...marks), fc.string({ maxLength: 3 }));
const long = fc.tuple(fc.constantFrom("a", "-", "_", ".", " ", "="), fc.integer({ min: 28, max: 70 }));
const pieces = fc.oneof(
  { weight: 9, arbitrary: piece },
  { weight: 1, arbitrary: long.map(([char, count]) => char.repeat(count)) },
);
const texts = fc.array(pieces, { maxLength: 24 }).map((list) => list.join(""));

test("an assignment is hidden exactly as the one expression says it", () => {
  fc.assert(
    fc.property(texts, (text) => assert.equal(hideAssigned(text), hiddenByExpression(text))),
    { numRuns: 20_000 },
  );
});

test("a secret in what only looked like a value is hidden", () => {
  const marker = "hunter2-planted";
  for (const before of [
    "get token\n",
    'vault kv put secret "',
    'tokenName: "',
    "token '",
    'use the secret \\"',
    "token token ",
  ])
    for (const name of ["password=", "--password ", "api_key: ", "PASSWORD = "])
      assert.ok(!hideAssigned(`${before}${name}${marker}`).includes(marker), `${before}${name}`);
});

test("a web token is hidden, and known, exactly as the one expression says it", () => {
  const parts = fc.constantFrom("eyJ", "eyJhbGciOi", "-", ".", "a", "abcdef", " ", "é", "_", "eyJeyJ");
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 20 }), (list) => {
      const text = list.join("");
      assert.equal(hideWebTokens(text), text.replace(webToken, redacted));
      assert.equal(beginsAWebToken(text), /eyJ[A-Za-z0-9_-]{6,}\./.test(text));
    }),
    { numRuns: 20_000 },
  );
});

test("no secret word is longer than the bound, and at one place there is one end", () => {
  const alternatives = secretWords
    .split("|")
    .flatMap((one) => (one.includes("(?:or)?") ? [one.replace("(?:or)?", ""), one.replace("(?:or)?", "or")] : [one]))
    .map((one) => one.replaceAll("[-_.]?", "-"));
  const lengths = alternatives.map((one) => one.length);
  assert.equal(Math.max(...lengths), secretWordCharsMax);
  for (const one of alternatives)
    for (const other of alternatives) assert.ok(one === other || !other.startsWith(one), `${one} begins ${other}`);
});

const hostile = [
  "--token",
  "-token-",
  "--token=x ",
  "-eyJ",
  "eyJ",
  "-key-data",
  `-${"a".repeat(31)}token`,
  "token \\\\",
];

test("what is looked for takes time by the text's length, whatever a client wrote", () => {
  for (const unit of hostile) {
    const started = process.cpuUsage();
    redactText(unit.repeat(Math.ceil(1_048_576 / unit.length)));
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 4_000_000, `${JSON.stringify(unit)} took ${(user + system) / 1_000} ms a MiB`);
  }
});

test("the body that was made to hold the hub up is read in a moment", () => {
  const args = Array.from({ length: 148 }, () => "--token".repeat(2_340));
  const item = auditRecord({ requestObject: { spec: { containers: [{ name: "a", args }] } } });
  const body = Buffer.from(JSON.stringify({ kind: "EventList", items: [item, item, item, item] }));
  assert.ok(body.length > 9 * 1_024 * 1_024);
  const started = process.cpuUsage();
  const read = auditEventsFromBody(body);
  const { user, system } = process.cpuUsage(started);
  assert.ok(read.ok && read.value.events.length === 4);
  assert.ok(user + system < 5_000_000, `it took ${(user + system) / 1_000} ms`);
});
