import { X509Certificate } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type EnrolReply,
  enrolReplySchema,
  enrolRequestSchema,
  Fault,
  readEnrolmentToken,
  renewRequestSchema,
} from "@atalaya/wire";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { LoginThrottle } from "../auth/login-throttle.ts";
import { secretHash } from "../auth/secret.ts";
import { addressOf } from "../auth/sign-in.ts";
import { nodeOnConnection } from "../enrolment/authenticate-node.ts";
import type { NodeRow } from "../enrolment/enrolment-store.ts";
import type { KubeClusters } from "../enrolment/kube-clusters.ts";
import { enrolmentLimits } from "../enrolment/limits.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import type { HubAuthority } from "../tls/hub-authority.ts";
import { refusals } from "./route-schema.ts";

const tags = ["senders"];
/** What every failed proof is answered with: which one it was helps only whoever guesses. */
const refused = () =>
  new Fault(
    "ENROL_REFUSED",
    "The proof is wrong, used, revoked or expired, or is for another node: make a new one with atalaya enroll token (with --node for a node that is enrolled already)",
  );

/** How a node becomes known and stays it. */
export function addEnrolRoutes(
  app: App,
  { core }: RouteContext,
  authority: HubAuthority,
  clusters: Pick<KubeClusters, "verify">,
): void {
  const throttle = new LoginThrottle();

  app.route({
    method: "GET",
    url: "/v1/ca",
    config: { access: "open" },
    schema: {
      tags,
      summary: "The hub's CA certificate; compare its SHA-256 with the token's before you trust it",
      security: [],
      produces: ["application/x-pem-file"],
      response: { 200: z.string(), ...refusals },
    },
    handler: (_request, reply) => {
      void reply.type("application/x-pem-file");
      return authority.caPem;
    },
  });

  app.route({
    method: "POST",
    url: "/v1/enroll",
    config: { access: "open" },
    schema: {
      tags,
      summary:
        "Exchange a proof (a single-use token, or a pod's service-account token) for a client certificate of 24 hours",
      security: [],
      body: enrolRequestSchema,
      response: { 200: enrolReplySchema, ...refusals },
    },
    handler: async (request) => {
      const { csr, token, service_account_token, node, cluster } = request.body;
      if (service_account_token !== undefined)
        return byPod(request, { csr, token: service_account_token, node, cluster });
      const read = token === undefined ? undefined : readEnrolmentToken(token);
      const hash = read === undefined ? undefined : secretHash(read.secret);
      // Strangers are slowed, not those who have a token: nodes and pods come from one address, and 256 bits are not
      // guessed. What a stranger costs is one look-up.
      if (hash === undefined || !(await core.enrolment.knowsToken(hash))) throw await slowedDown(request);
      const key = await authority.readRequest(csr);
      const expiresUs = (Date.now() + enrolmentLimits.certificateMs) * 1000;
      const exchange = { secretHash: hash, node, cluster, keySha256: key.sha256, expiresUs };
      const row = await core.enrolment.enrolByToken(exchange);
      if (row === undefined) throw refusal(request);
      request.changed = { workspaceId: row.workspaceId, object: `${row.cluster}/${row.node}` };
      request.log.info({ node: row.node, cluster: row.cluster, proof: row.proof }, "a node was enrolled");
      return reply(row, await authority.issueNode(key, nameOf(row), expiresUs), authority.caPem, expiresUs);
    },
  });

  app.route({
    method: "POST",
    url: "/v1/enroll/renew",
    config: { access: "open" },
    schema: {
      tags,
      summary: "A new certificate for a new key, proved by the client certificate of the connection",
      security: [],
      body: renewRequestSchema,
      response: { 200: enrolReplySchema, ...refusals },
    },
    handler: async (request) => {
      const known = await onConnection(request);
      const key = await authority.readRequest(request.body.csr);
      const expiresUs = (Date.now() + enrolmentLimits.certificateMs) * 1000;
      const { workspaceId, nodeId } = known.row;
      const change = { workspaceId, nodeId, oldKey: known.certificate.keySha256, newKey: key.sha256, expiresUs };
      if (!(await core.enrolment.renew(change))) throw refused();
      return reply(known.row, await authority.issueNode(key, nameOf(known.row), expiresUs), authority.caPem, expiresUs);
    },
  });

  /** In a cluster: the pod's own token, verified by the cluster's keys, and by its API server where the hub reaches it. */
  async function byPod(
    request: FastifyRequest,
    given: { csr: string; token: string; node: string; cluster: string | undefined },
  ): Promise<EnrolReply> {
    const proof = await clusters.verify(given.token, given);
    if (!proof.ok) {
      request.log.warn({ address: addressOf(request), reason: proof.reason }, "a service account's token was refused");
      throw await slowedDown(request);
    }
    const key = await authority.readRequest(given.csr);
    const expiresUs = (Date.now() + enrolmentLimits.certificateMs) * 1000;
    const row = await core.enrolment.enrolByPod({ ...proof.value, keySha256: key.sha256, expiresUs });
    if (row === "revoked") {
      throw new Fault(
        "CREDENTIAL_REVOKED",
        "The node was revoked; enrol it again with a new token (atalaya enroll token)",
      );
    }
    if (row === "copied") {
      const { workspaceId, cluster, node, podUid } = proof.value;
      request.log.error({ node, cluster, pod: podUid }, "a pod's token was used with a second key: it was copied");
      core.mismatched({ workspaceId, cluster, node }, "a second key for one pod: its token was copied", "pod");
      throw refusal(request);
    }
    request.log.info({ node: row.node, cluster: row.cluster, proof: row.proof }, "a node was enrolled");
    return reply(row, await authority.issueNode(key, nameOf(row), expiresUs), authority.caPem, expiresUs);
  }

  /** The refusal of a stranger, after a while that grows with each. */
  async function slowedDown(request: FastifyRequest): Promise<Fault> {
    const attempt = throttle.begin("enrolment", addressOf(request));
    if (!attempt.allowed) return slowed(attempt.retryAfterMs);
    await pause(attempt.delayMs);
    return refusal(request);
  }

  async function onConnection(request: FastifyRequest) {
    const ca = new X509Certificate(authority.caPem);
    const known = await nodeOnConnection(core.enrolment, request.socket, ca, { expired: true });
    if (known === undefined) throw new Fault("CREDENTIAL_MISSING", "A renewal needs the node's client certificate");
    return known;
  }
}

function refusal(request: FastifyRequest): Fault {
  request.log.warn({ address: addressOf(request) }, "an enrolment was refused");
  return refused();
}

const nameOf = ({ workspaceId: workspace, cluster, node }: NodeRow) => ({ workspace, cluster, node });

function reply(row: NodeRow, certificate: string, ca: string, expires_us: number): EnrolReply {
  return { certificate, ca, ...nameOf(row), expires_us };
}

function slowed(retryAfterMs: number): Fault {
  const seconds = Math.ceil(retryAfterMs / 1000);
  return new Fault("ENROL_SLOWED", `Too many failed enrolments; wait ${seconds} s and try again`, {
    retry_after_s: seconds,
  });
}
