import { faultReplySchema } from "@atalaya/wire/api";

/** A request that did not succeed: the hub's own code and sentence, or `OFFLINE` where no hub answered. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterS: number | undefined;
  /** What is wrong with what was sent, where the hub names it. */
  readonly issue: string | undefined;

  constructor(status: number, code: string, message: string, more: { retryAfterS?: number; issue?: string } = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.retryAfterS = more.retryAfterS;
    this.issue = more.issue;
  }
}

/** Reads the hub's refusal; a body of another shape (a proxy's page) is never shown, only its status. */
export async function refusalOf(answer: Response): Promise<Refusal> {
  const body: unknown = await answer.json().catch(() => undefined);
  const reply = faultReplySchema.safeParse(body);
  const code = reply.success ? reply.data.code : "HTTP";
  const message = reply.success ? reply.data.message : `HTTP ${answer.status}`;
  const after = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const issue = reply.success ? reply.data.facts?.["issue"] : undefined;
  return new Refusal(answer.status, code, message, {
    ...(Number.isFinite(after) && { retryAfterS: after }),
    ...(typeof issue === "string" && { issue }),
  });
}

/** Whether the session is over: the page then asks to sign in again and comes back. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof Refusal && error.status === 401;
}
