import { createPublicKey, type KeyObject, sign, verify, X509Certificate } from "node:crypto";
import { type DesiredState, desiredStateSchema, type SignedState } from "./desired-state.ts";
import type { Result } from "./faults.ts";

// ECDSA P-256 with SHA-256 by the hub's CA key, which every node already trusts. The text is preceded by a line of our
// own: a certificate (DER starts with 0x30) can never be taken for a state, nor a state for a certificate.
const context = "atalaya desired state 1\n";

export function signState(state: DesiredState, caKey: KeyObject | string): SignedState {
  const text = JSON.stringify(state);
  return { state: text, signature: sign("sha256", Buffer.from(context + text), caKey).toString("base64") };
}

export type StateHolder = {
  cluster: string;
  node: string;
  /** The version that is in force here; an older one is refused, the same one is taken again. */
  version: number;
};

/**
 * Verifies a state against the hub's CA certificate (PEM; the trust of this node) and against who holds it.
 * `workspace` is told by the state: a collector has no other source for it.
 */
export function openState(signed: SignedState, caPem: string, holder: StateHolder): Result<DesiredState> {
  const bad = (reason: string): Result<never> => ({ ok: false, code: "STATE_REFUSED", reason });
  let genuine: boolean;
  try {
    const key = createPublicKey(new X509Certificate(caPem).publicKey.export({ type: "spki", format: "pem" }));
    genuine = verify("sha256", Buffer.from(context + signed.state), key, Buffer.from(signed.signature, "base64"));
  } catch {
    genuine = false;
  }
  if (!genuine) return bad("the signature is not the hub's");
  let state: ReturnType<typeof desiredStateSchema.safeParse>;
  try {
    state = desiredStateSchema.safeParse(JSON.parse(signed.state));
  } catch {
    return bad("not JSON");
  }
  if (!state.success) return bad("it does not have the documented shape");
  const { cluster, node, version } = state.data;
  if (cluster !== holder.cluster || node !== holder.node) return bad("it is for another node");
  if (version < holder.version) return bad(`version ${version} is older than ${holder.version}, which is in force`);
  return { ok: true, value: state.data };
}
