import "reflect-metadata";
import { Agent, request } from "node:https";
import { type EnrolReply, enrolReplySchema } from "@atalaya/wire";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export type NodeKey = { csr: string; key: string };
export type Enrolled = { status: number; text: string; reply: EnrolReply | undefined };

/** A new key as PEM, and the request that proves it. */
export async function newNodeKey(curve: "P-256" | "P-384" = "P-256"): Promise<NodeKey> {
  const keys = await crypto.subtle.generateKey({ ...algorithm, namedCurve: curve }, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: "CN=ignored", keys, signingAlgorithm: algorithm },
    crypto,
  );
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})(?=.)/g, "$1\n")}\n-----END PRIVATE KEY-----\n`;
  return { csr: request.toString("pem"), key };
}

/** Asks for a certificate, over `agent` (which trusts the hub's CA, and for a renewal shows the old certificate). */
export async function askForCertificate(url: string, path: string, body: unknown, agent: Agent): Promise<Enrolled> {
  const { status, text } = await postJson(url + path, body, agent);
  return { status, text, reply: status === 200 ? enrolReplySchema.parse(JSON.parse(text)) : undefined };
}

/** An agent that trusts the hub's CA and shows the node's certificate. */
export function nodeAgent(ca: string, certificate: string, key: string): Agent {
  return new Agent({ ca, cert: certificate, key, keepAlive: true });
}

/** Enrols a node by a token and gives its agent. Throws where the hub refuses. */
export async function enrolNode(url: string, ca: string, token: string, node: string): Promise<Agent> {
  const { csr, key } = await newNodeKey();
  const plain = new Agent({ ca });
  const enrolled = await askForCertificate(url, "/v1/enroll", { csr, token: token.trim(), node }, plain);
  plain.destroy();
  if (enrolled.reply === undefined) throw new Error(`not enrolled: ${enrolled.status} ${enrolled.text}`);
  return nodeAgent(ca, enrolled.reply.certificate, key);
}

function postJson(url: string, body: unknown, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((done, failed) => {
    const headers = { "content-type": "application/json" };
    const sent = request(url, { method: "POST", headers, agent, servername: "localhost" }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => done({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }));
      answer.on("error", failed);
    });
    sent.on("error", failed);
    sent.end(JSON.stringify(body));
  });
}
