// Each kernel is booted once; what its program found becomes the tests here.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { GuestResult } from "./guest-result.ts";
import { guestRoot } from "./guest-root.ts";
import { guests } from "./guests.ts";
import { kernelImage } from "./kernel-image.ts";
import { guestMsMax } from "./limits.ts";
import { keepResult } from "./results.ts";
import { runGuest } from "./run-guest.ts";

const say = (line: string) => process.stderr.write(`guests: ${line}\n`);
/** Fetching is not the guest's time. */
const fetchMsMax = 300_000;

for (const guest of guests) {
  describe(`the sensor on ${guest.name}`, () => {
    let result: GuestResult;
    before(
      async () => {
        const image = await kernelImage(guest, say);
        result = await runGuest(guest, image.vmlinuz, [await guestRoot(guest.architecture, image, say)]);
        assert.equal(result.release, image.release);
        say(`${guest.name}: Linux ${result.release}, ${result.seconds} s`);
        keepResult(guest.name, result);
      },
      { timeout: guestMsMax + fetchMsMax },
    );

    test("every act that was done there is in the events, with the right fields", () => {
      assert.ok(result.checks.length > 25, `${result.checks.length} acts`);
      const failed = result.checks.filter((check) => !check.passed && check.lacking === undefined);
      assert.deepEqual(failed, []);
      const lacking = new Set(result.checks.flatMap((check) => check.lacking ?? []));
      assert.deepEqual(
        [...lacking].filter((name) => guest.lacks?.includes(name) !== true),
        [],
      );
    });

    test("every program that this kernel takes runs there, or its stand-in does, and one that is refused says why", () => {
      assert.deepEqual(result.missing, guest.lacks ?? []);
      for (const program of result.programs) if (!program.attached) assert.ok(program.reason, program.name);
    });
  });
}
