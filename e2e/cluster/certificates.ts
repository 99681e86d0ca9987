import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../simulator/src/run-program.ts";
import { addresses, nodeName, type Place } from "./place.ts";

/** A certificate that the cluster's authority is to sign: file name in pki/, subject as openssl writes it, other names. */
export type Wanted = { name: string; subject: string; names?: string };

const apiNames = [
  ...["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map((name) => `DNS:${name}`),
  ...["127.0.0.1", addresses.apiService, addresses.node].map((address) => `IP:${address}`),
].join(",");

const wanted: readonly Wanted[] = [
  { name: "apiserver", subject: "/CN=kube-apiserver", names: apiNames },
  { name: "admin", subject: "/O=system:masters/CN=admin" },
  { name: "controller-manager", subject: "/CN=system:kube-controller-manager" },
  { name: "scheduler", subject: "/CN=system:kube-scheduler" },
  {
    name: "kubelet",
    subject: `/O=system:nodes/CN=system:node:${nodeName}`,
    names: `DNS:${nodeName},IP:${addresses.node}`,
  },
  { name: "kubelet-client", subject: "/O=system:masters/CN=kube-apiserver-kubelet-client" },
];

/** The cluster's authority, what it signs, and the key of service-account tokens; once for a place. */
export async function makeCertificates(place: Place): Promise<void> {
  const at = (file: string) => join(place.folder, "pki", file);
  if (existsSync(at("sa.pub"))) return;
  const newKey = ["-newkey", "rsa:2048", "-nodes"];
  const authority = ["-keyout", at("ca.key"), "-subj", "/CN=kube-ca", "-days", "3650", "-out", at("ca.crt")];
  await openssl("req", "-x509", ...newKey, ...authority);
  for (const one of wanted) await signCertificate(place, one);
  await openssl("genrsa", "-out", at("sa.key"), "2048");
  await openssl("rsa", "-in", at("sa.key"), "-pubout", "-out", at("sa.pub"));
}

/** Makes pki/NAME.key and pki/NAME.crt, signed by the cluster's authority. */
export async function signCertificate(place: Place, { name, subject, names }: Wanted): Promise<void> {
  const at = (file: string) => join(place.folder, "pki", file);
  const [key, request, extensions] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.ext`)];
  writeFileSync(extensions, `subjectAltName=${names ?? "DNS:localhost"}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  await openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", subject, "-out", request);
  const signer = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "365"];
  await openssl("x509", "-req", "-in", request, ...signer, "-extfile", extensions, "-out", at(`${name}.crt`));
}

function openssl(...args: string[]): Promise<string> {
  return mustRun("openssl", args);
}
