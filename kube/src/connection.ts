import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "@atalaya/wire/framing";

/** By what a client is trusted, and whom it trusts. All PEM but the token. */
export type Access = {
  /** Undefined: what this machine trusts. */
  ca: string | undefined;
  token: string | undefined;
  certificate: string | undefined;
  key: string | undefined;
};

/** Where an API server is. `access` is asked again and again, because tokens rotate; it may throw Fault KUBE_UNUSABLE. */
export type KubeConnection = {
  /** `https://HOST:PORT`, without a slash at the end; a path may follow. */
  url: string;
  /** The name in the server's certificate, where it is not the address. */
  serverName: string | undefined;
  access: () => Access;
};

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The API server of the cluster in which this process runs, with its pod's service account. Throws Fault KUBE_UNUSABLE
 * outside a cluster, and when a file is missing.
 */
export function inClusterConnection({
  folder = serviceAccountFolder,
  environment = process.env as Readonly<Record<string, string | undefined>>,
} = {}): KubeConnection {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (host === undefined || host === "")
    throw new Fault("KUBE_UNUSABLE", "This process runs in no pod: KUBERNETES_SERVICE_HOST is not set");
  const access = (): Access => ({
    ca: readCredential(join(folder, "ca.crt")),
    token: readCredential(join(folder, "token")).trim(),
    certificate: undefined,
    key: undefined,
  });
  // Told at the start, not with the first request.
  access();
  return { url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`, serverName: undefined, access };
}

/** The namespace of the pod in which this process runs; undefined outside a cluster. */
export function ownNamespace(folder = serviceAccountFolder): string | undefined {
  try {
    return readFileSync(join(folder, "namespace"), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Throws Fault KUBE_UNUSABLE that names the file, never what is in it. */
export function readCredential(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.trim() !== "") return text;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new Fault("KUBE_UNUSABLE", `The credential ${path} cannot be read (${code})`, { path, code }, cause);
  }
  throw new Fault("KUBE_UNUSABLE", `The credential ${path} is empty`, { path });
}
