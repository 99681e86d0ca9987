import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { ClaimDesk } from "../src/claim-desk.ts";
import { limits } from "../src/limits.ts";

const said = (message: Buffer) => JSON.parse(message.toString("utf8", 5));
const claim = (token: string) => Buffer.from(JSON.stringify({ token }));

test("a claim waits until the hub has answered it, and its pod is told", () => {
  const desk = new ClaimDesk();
  const answers: unknown[] = [];
  let claims = 0;
  desk.onClaim(() => claims++);
  desk.take(claim("t1"), (message) => answers.push(said(message)));
  const asked = desk.waiting;
  desk.answered(asked, undefined);
  assert.deepEqual([claims, answers, desk.waiting.length], [1, [], 1]);
  desk.answered(asked, [{ accepted: false, reason: "another node" }]);
  assert.deepEqual([answers, desk.waiting.length], [[{ accepted: false, reason: "another node" }], 0]);
});

test("an answer to an earlier claim does not settle the later one of the same pod", () => {
  const desk = new ClaimDesk();
  const answers: unknown[] = [];
  const answer = (message: Buffer) => answers.push(said(message));
  desk.take(claim("t1"), answer);
  const asked = desk.waiting;
  desk.take(claim("t2"), answer);
  desk.answered(asked, [{ accepted: true }]);
  assert.deepEqual(
    desk.waiting.map(({ token }) => token),
    ["t2"],
  );
});

test("whatever comes over the socket, few claims wait and none is malformed", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string().map(claim), fc.uint8Array().map(Buffer.from))), (payloads) => {
      const desk = new ClaimDesk();
      for (const payload of payloads) desk.take(payload, () => {});
      assert.ok(desk.waiting.length <= limits.claimsMax);
      for (const { token } of desk.waiting) assert.ok(token.length > 0);
    }),
  );
});
