// Each kernel is booted once, two at a time (each keeps one processor of this machine busy); what its program found becomes
// the tests here.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kernelEvents } from "./events.ts";
import type { GuestResult } from "./guest-result.ts";
import { guests, isLackedBy } from "./guests.ts";
import { fetchMsMax, guestMsMax, guestsAtOnce } from "./limits.ts";
import { preparedGuest } from "./prepared-guest.ts";
import { keepResult } from "./results.ts";
import { runGuest } from "./run-guest.ts";

const say = (line: string) => process.stderr.write(`guests: ${line}\n`);
const guestTimeout = guestMsMax + guests.length * fetchMsMax;

describe("the sensor on other kernels", { concurrency: guestsAtOnce, timeout: guests.length * guestTimeout }, () => {
  // The slowest first: it is the other architecture's.
  for (const guest of guests.toReversed()) {
    describe(guest.name, { concurrency: 1, timeout: guestTimeout }, () => {
      let result: GuestResult;
      before(
        async () => {
          const { image, archive, sources } = await preparedGuest(guest, say);
          result = { ...(await runGuest(guest, image.vmlinuz, [archive])), sources };
          assert.equal(result.release, image.release);
          say(`${guest.name}: Linux ${result.release}, ${result.seconds} s`);
          keepResult(guest.name, result);
        },
        { timeout: guestTimeout },
      );

      test("every act that was done there is in the events, with the right fields", () => {
        assert.ok(result.checks.length > 100, `${result.checks.length} acts`);
        const failed = result.checks.filter((check) => !check.passed && check.lacking === undefined);
        assert.deepEqual(failed, []);
        const lacking = new Set(result.checks.flatMap((check) => check.lacking ?? []));
        assert.deepEqual(
          [...lacking].filter((name) => !isLackedBy(guest, name)),
          [],
        );
      });

      test("every event that a kernel can give was provoked there, and told", () => {
        assert.deepEqual(
          kernelEvents.filter((name) => !result.events.includes(name)),
          guest.without ?? [],
        );
      });

      test("every program that this kernel takes runs there, or its stand-in does, and one that is refused says why", () => {
        assert.deepEqual(
          result.missing.filter((name) => !isLackedBy(guest, name)),
          [],
        );
        for (const name of guest.lacks ?? []) assert.ok(result.missing.includes(name), `${name} runs`);
        for (const program of result.programs) if (!program.attached) assert.ok(program.reason, program.name);
      });
    });
  }
});
