import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { serverLimits } from "../server/limits.ts";
import { guardedLookup } from "./address-guard.ts";

/** What became of one try: `again` is worth another; `refused` is not. `detail` holds nothing of address or answer. */
export type PostOutcome = { outcome: "delivered" | "again" | "refused"; detail: string };

/** Posts JSON to a webhook, once: follows no redirect, reads nothing of the answer but its status. Never throws. */
export function postWebhook(url: URL, body: string, signal: AbortSignal): Promise<PostOutcome> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const bytes = Buffer.from(body);
  const headers = {
    "content-type": "application/json",
    "content-length": bytes.length,
    "user-agent": "atalaya",
    connection: "close",
  };
  return new Promise((done) => {
    const sent = send(url, { method: "POST", headers, lookup: guardedLookup, signal, agent: false }, (answer) => {
      answer.resume();
      done(outcomeOf(answer.statusCode ?? 0));
    });
    const impatient = setTimeout(() => sent.destroy(new Error("no answer in time")), serverLimits.notificationAnswerMs);
    sent.on("close", () => clearTimeout(impatient));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const detail = error.code === "FORBIDDEN_ADDRESS" ? "its address is one that may not be called" : reason(error);
      done({ outcome: error.code === "FORBIDDEN_ADDRESS" ? "refused" : "again", detail });
    });
    sent.end(bytes);
  });
}

function outcomeOf(status: number): PostOutcome {
  const detail = `answered with status ${status}`;
  if (status >= 200 && status < 300) return { outcome: "delivered", detail };
  if (status >= 300 && status < 400) return { outcome: "refused", detail: `${detail}; redirects are not followed` };
  // RFC 9110: 408 and 429 are about this moment; other 4xx say the same the next time.
  const passing = status >= 500 || status === 408 || status === 429;
  return { outcome: passing ? "again" : "refused", detail };
}

function reason(error: NodeJS.ErrnoException): string {
  return `could not be reached (${error.code ?? error.message})`;
}
