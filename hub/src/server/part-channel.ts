import type { Fault, PartMessage } from "@atalaya/wire";
import type { RunningHub } from "./start-hub.ts";

/** Tells `atalaya up`, over its channel, or the reader of the terminal that the hub is ready. */
export async function tellReady({ url, firstPassword, caFingerprint }: Omit<RunningHub, "close">): Promise<void> {
  const password = firstPassword === undefined ? {} : { firstPassword };
  if (await sendPart({ type: "ready", part: "hub", url, ...password })) return;
  process.stderr.write(`atalaya: page      ${url}\n`);
  process.stderr.write(`atalaya: CA        SHA-256 fingerprint ${caFingerprint}\n`);
  if (firstPassword === undefined) return;
  process.stderr.write(`atalaya: sign in   user admin, password ${firstPassword}   (shown this once: keep it)\n`);
}

/** Tells what stopped the hub: one sentence. */
export async function tellFailed(fault: Fault): Promise<void> {
  if (await sendPart({ type: "failed", part: "hub", code: fault.code, message: fault.message })) return;
  process.stderr.write(`atalaya: ${fault.message}\n`);
}

/** False when nobody started this process as a part, or whoever did is gone. */
async function sendPart(message: PartMessage): Promise<boolean> {
  if (process.send === undefined || !process.connected) return false;
  return await new Promise((done) => process.send?.(message, undefined, {}, (error) => done(error === null)));
}
