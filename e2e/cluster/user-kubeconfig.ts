import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../simulator/src/run-program.ts";
import type { Cluster } from "./cluster.ts";
import { addresses } from "./place.ts";

type Credential = Record<string, string>;

/** A kubeconfig of a person whom the cluster's authority signed for; who may do nothing until he is bound to a role. */
export async function personKubeconfig(
  { place }: Cluster,
  name: string,
  groups: readonly string[] = [],
): Promise<string> {
  const at = (file: string) => join(place.folder, "etc", `${name.replace(/[^a-z0-9]/g, "-")}.${file}`);
  const subject = [...groups.map((group) => `/O=${group}`), `/CN=${name}`].join("");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at("key")];
  await mustRun("openssl", ["req", "-new", ...key, "-subj", subject, "-out", at("csr")]);
  const pki = (file: string) => join(place.folder, "pki", file);
  const signer = ["-CA", pki("ca.crt"), "-CAkey", pki("ca.key"), "-CAcreateserial", "-days", "1"];
  writeFileSync(at("ext"), "extendedKeyUsage=clientAuth\n");
  await mustRun("openssl", ["x509", "-req", "-in", at("csr"), ...signer, "-extfile", at("ext"), "-out", at("crt")]);
  return written(place.folder, at("kubeconfig"), name, { "client-certificate": at("crt"), "client-key": at("key") });
}

/** A kubeconfig of a service account, with a token that its API server signed now. */
export async function accountKubeconfig(cluster: Cluster, namespace: string, account: string): Promise<string> {
  const token = (await cluster.mustKubectl(["-n", namespace, "create", "token", account])).trim();
  const file = join(cluster.place.folder, "etc", `${namespace}.${account}.kubeconfig`);
  return written(cluster.place.folder, file, account, { token });
}

function written(folder: string, file: string, name: string, user: Credential): string {
  const api = { server: addresses.api, "certificate-authority": join(folder, "pki/ca.crt") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: name } }],
    clusters: [{ name: "c", cluster: api }],
    users: [{ name, user }],
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
