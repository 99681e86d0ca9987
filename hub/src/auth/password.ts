import { Fault } from "@atalaya/wire";
import { hash, verify } from "@node-rs/argon2";
import { serverLimits } from "../server/limits.ts";
import { Slots } from "../server/slots.ts";

// argon2id with OWASP's smallest recommended cost: 19 MiB, 2 passes, 1 lane (the library's defaults, written out so
// that a new version of it cannot change them in silence).
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const slots = new Slots(serverLimits.passwordChecksMax, serverLimits.passwordChecksQueuedMax);

// The hash of a random password that nobody has: an unknown user costs the same time as a known one.
let nobody: Promise<string> | undefined;

export async function hashPassword(password: string): Promise<string> {
  return await hash(password, cost);
}

/**
 * Whether `password` fits `stored`; with `stored` undefined (no such user) it takes as long and says no.
 * Throws Fault BUSY when too many checks wait: each takes 19 MiB.
 */
export async function checkPassword(stored: string | undefined, password: string): Promise<boolean> {
  const checked = await slots.run(async () => {
    nobody ??= hash(crypto.randomUUID(), cost);
    const good = await verify(stored ?? (await nobody), password);
    return good && stored !== undefined;
  });
  if (checked.ran) return checked.value;
  throw new Fault("BUSY", "Too many people sign in at once; try again in a moment", { retry_after_s: 2 });
}
