import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { Fault } from "./faults.ts";

const caBytesMax = 64 * 1024;
const patienceMs = 15_000;

/**
 * Asks whoever answers at `url` for the hub's CA (PEM), trusting nobody: the caller compares its hash with what was told
 * on another way, and speaks to that CA alone from then on. Throws Fault HUB_UNREACHABLE.
 */
export async function fetchCa(url: string): Promise<string> {
  try {
    const sent = request(new URL("/v1/ca", url), { rejectUnauthorized: false, agent: false, minVersion: "TLSv1.3" });
    sent.setTimeout(patienceMs, () => sent.destroy(new Error("no answer")));
    sent.end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    let text = "";
    for await (const part of answer) {
      text += part;
      if (text.length > caBytesMax) throw new Error("the answer is too long");
    }
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    return text;
  } catch (error) {
    const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : "unknown";
    throw new Fault("HUB_UNREACHABLE", `No hub gives its CA at ${url} (${why})`, {}, error);
  }
}
