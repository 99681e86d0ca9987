// leave-pinned.ts OBJECTS PIN [UNREAD_AFTER_MS] [ACCOUNTS] [PLAN]: pins the kernel side, reads what is there, writes an account,
// says what it did, and waits to be killed; with ACCOUNTS, writes one account after the other until then.
import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import { openKernel } from "../../src/kernel/open-kernel.ts";
import { accountBytesMax } from "../../src/kernel-source.ts";

const [objectFolder = "", pinFolder = "", unreadAfterMs = "60000", accounts = "", plan = ""] = process.argv.slice(2);
const source = openKernel({
  objectFolder,
  pinFolder,
  ignorePids: [process.pid],
  unreadAfterMs: Number(unreadAfterMs),
});
if (source.readAccount() === undefined) {
  const asked = plan === "" ? { open_names: ["left-behind"] } : (JSON.parse(plan) as Partial<FilterPlan>);
  source.setFilterPlan({ ...emptyFilterPlan, version: 1, ...asked });
  while (!source.takeOff()) {
    // Until only what is asked for hangs.
  }
}
// Somebody reads, until the end.
const read: Record<string, number> = {};
const released: Record<string, number> = {};
for (const ring of ["lifecycle", "bulk"] as const) {
  const { records, next } = source.drain(ring);
  source.release(ring, next);
  released[ring] = next;
  for (const { kind } of records) read[kind] = (read[kind] ?? 0) + 1;
}
if (accounts === "") source.writeAccount(Buffer.from("counted so far"));
const { ringId, adopted, gapUs, programs } = source;
process.stdout.write(`${JSON.stringify({ ringId, adopted, gapUs, programs, read, released })}\n`);
for (let i = 0; accounts !== ""; i++) source.writeAccount(Buffer.alloc(1 + ((i * 97) % accountBytesMax), i));
setInterval(() => {}, 60_000);
