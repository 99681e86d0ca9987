import { X509Certificate } from "node:crypto";
import { enrolReplySchema, Fault, type FaultCode, faultReplySchema, readEnrolmentToken } from "@atalaya/wire";
import { HubConnection } from "../hub/hub-connection.ts";
import { type Answer, HubLink, jsonOf } from "../hub/hub-link.ts";
import { limits } from "../limits.ts";
import { accountOf } from "./account-of.ts";
import { type IdentityFacts, type Issued, sha256Hex } from "./identity-files.ts";

/** How a node proves that it may join. */
export type Proof =
  | { kind: "token"; text: string }
  /** A service account's token says nothing of the hub, so its CA comes with it. */
  | { kind: "service_account"; text: string; ca: string };

export type Enrolment = {
  url: string;
  proxy: string | undefined;
  proof: Proof;
  csr: string;
  node: string;
  cluster: string | undefined;
};

/**
 * Exchanges a proof for a certificate. Throws Fault ENROL_REFUSED (and what else the hub says), HUB_UNREACHABLE where
 * it does not answer as a hub.
 */
export async function enrol({ url, proxy, proof, csr, node, cluster }: Enrolment): Promise<Issued> {
  const ca = proof.kind === "token" ? await caOfToken(url, proxy, proof.text) : proof.ca;
  const named = proof.kind === "token" ? { token: proof.text.trim() } : { service_account_token: proof.text.trim() };
  const body = { csr, ...named, node, ...(cluster === undefined ? {} : { cluster }) };
  const link = new HubLink(url, proxy);
  link.use({ ca });
  try {
    const spent = proof.kind === "token" ? sha256Hex(proof.text.trim()) : null;
    const account = proof.kind === "token" ? undefined : accountOf(proof.text);
    return issuedFrom(await post(link, "/v1/enroll", body), { spent, account });
  } finally {
    link.close();
  }
}

/** A fresh certificate by proof of the one that `link` shows. Throws as `enrol`. */
export async function renew(link: HubLink, csr: string, { spent, account }: IdentityFacts): Promise<Issued> {
  return issuedFrom(await post(link, "/v1/enroll/renew", { csr }), { spent, account });
}

/** The first contact: whoever answers is not trusted, only the CA whose hash the token carries. */
async function caOfToken(url: string, proxy: string | undefined, text: string): Promise<string> {
  const token = readEnrolmentToken(text);
  if (token === undefined) throw new Fault("ENROL_REFUSED", "the enrolment token is not one: it was cut or changed");
  const answer = await getUnverified(url, proxy, "/v1/ca").catch((cause: NodeJS.ErrnoException) => {
    throw new Fault("HUB_UNREACHABLE", `no hub answers at ${url} (${cause.code ?? cause.message})`, {}, cause);
  });
  const ca = pemIn(answer);
  if (answer.status !== 200 || ca === undefined)
    throw new Fault("HUB_UNREACHABLE", `what answers at ${url} is no hub that enrols (status ${answer.status})`);
  if (sha256Hex(new X509Certificate(ca).raw) !== token.caSha256)
    throw new Fault("ENROL_REFUSED", `the hub at ${url} is not the one that the enrolment token was made by`);
  return ca;
}

async function getUnverified(url: string, proxy: string | undefined, path: string): Promise<Answer> {
  const connection = new HubConnection(url, undefined, "nobody", proxy);
  try {
    return await connection.call({ method: "GET", path, timeoutMs: limits.requestTimeoutMs });
  } finally {
    connection.close();
  }
}

/** As PEM, or in JSON under `ca`. */
function pemIn(answer: Answer): string | undefined {
  const inside = jsonOf(answer.body)["ca"];
  const text = typeof inside === "string" ? inside : answer.body.toString("utf8");
  try {
    return new X509Certificate(text).ca ? text : undefined;
  } catch {
    return undefined;
  }
}

async function post(link: HubLink, path: string, body: unknown): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  try {
    return await link.call("enrol", { method: "POST", path, headers, body: Buffer.from(JSON.stringify(body)) });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw new Fault("HUB_UNREACHABLE", `no hub answers at ${link.url} (${why})`, {}, cause);
  }
}

function issuedFrom(answer: Answer, proved: Pick<IdentityFacts, "spent" | "account">): Issued {
  if (answer.status === 200 || answer.status === 201) {
    const reply = enrolReplySchema.safeParse(jsonOf(answer.body));
    if (!reply.success) throw new Fault("HUB_UNREACHABLE", "the hub answered with something else than a certificate");
    const { certificate, ca, workspace, cluster, node, expires_us } = reply.data;
    const issued_us = Date.now() * 1_000;
    return { certificate, ca, facts: { workspace, cluster, node, expires_us, issued_us, ...proved } };
  }
  const said = faultReplySchema.safeParse(jsonOf(answer.body));
  const code = said.success ? (said.data.code as FaultCode) : "HUB_UNREACHABLE";
  const retry = answer.retryAfterMs === undefined ? {} : { retry_after_ms: answer.retryAfterMs };
  const message = said.success ? said.data.message : `the hub answered with status ${answer.status}`;
  throw new Fault(code, message, { status: answer.status, ...retry });
}
