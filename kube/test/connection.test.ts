import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Fault } from "@atalaya/wire";
import { inClusterConnection, ownNamespace } from "../index.ts";
import { kubeconfigConnection } from "../kubeconfig.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-kube-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const unusable = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Fault && error.code === "KUBE_UNUSABLE", String(error));
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /SECRET/);
  return true;
};

test("a pod's service account is read from its folder, and read again each time it is asked for", () => {
  put("ca.crt", "CA\n");
  put("token", "one\n");
  put("namespace", "kube-system");
  const environment = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const connection = inClusterConnection({ folder, environment });
  assert.equal(connection.url, "https://10.96.0.1:443");
  assert.deepEqual(connection.access(), { ca: "CA\n", token: "one", certificate: undefined, key: undefined });
  put("token", "two");
  assert.equal(connection.access().token, "two");
  assert.equal(ownNamespace(folder), "kube-system");
  const six = inClusterConnection({ folder, environment: { ...environment, KUBERNETES_SERVICE_HOST: "fd00::1" } });
  assert.equal(six.url, "https://[fd00::1]:443");
});

test("outside a cluster, and without a token, it says what is missing", () => {
  assert.throws(() => inClusterConnection({ folder, environment: {} }), unusable(/KUBERNETES_SERVICE_HOST/));
  const environment = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  put("ca.crt", "CA");
  assert.throws(() => inClusterConnection({ folder, environment }), unusable(/token cannot be read \(ENOENT\)/));
  put("token", " \n");
  assert.throws(() => inClusterConnection({ folder, environment }), unusable(/token is empty/));
  assert.equal(ownNamespace(join(folder, "nowhere")), undefined);
});

const base64 = (text: string) => Buffer.from(text).toString("base64");
type Change = { cluster?: object; user?: object; config?: object };
const kubeconfig = ({ cluster = {}, user = { token: "SECRET" }, config = {} }: Change = {}) =>
  put(
    "config",
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      clusters: [
        {
          name: "c",
          cluster: { server: "https://192.0.2.10:6443/", "certificate-authority-data": base64("CA"), ...cluster },
        },
      ],
      users: [{ name: "u", user }],
      ...config,
    }),
  );

test("a kubeconfig's client certificate, token and token file are read, files relative to it", () => {
  const byToken = kubeconfigConnection(kubeconfig());
  assert.equal(byToken.url, "https://192.0.2.10:6443");
  assert.deepEqual(byToken.access(), { ca: "CA", token: "SECRET", certificate: undefined, key: undefined });
  put("client.crt", "CERT");
  const user = { "client-certificate": "client.crt", "client-key-data": base64("KEY") };
  const cluster = { "tls-server-name": "kubernetes", server: "https://lb.example/k8s/clusters/c-1" };
  const byCertificate = kubeconfigConnection(kubeconfig({ user, cluster }));
  assert.equal(byCertificate.url, "https://lb.example/k8s/clusters/c-1");
  assert.equal(byCertificate.serverName, "kubernetes");
  assert.deepEqual(byCertificate.access(), { ca: "CA", token: undefined, certificate: "CERT", key: "KEY" });
  put("token", "first");
  const byFile = kubeconfigConnection(kubeconfig({ user: { tokenFile: "token" } }));
  put("token", "second");
  assert.equal(byFile.access().token, "second");
});

test("another context than the current one can be named", () => {
  const contexts = [
    { name: "here", context: { cluster: "c", user: "u" } },
    { name: "there", context: { cluster: "d", user: "u" } },
  ];
  const clusters = [
    { name: "c", cluster: { server: "https://one" } },
    { name: "d", cluster: { server: "https://two" } },
  ];
  assert.equal(kubeconfigConnection(kubeconfig({ config: { contexts, clusters } }), "there").url, "https://two");
});

const refusals: [string, Change, RegExp][] = [
  ["an exec plug-in", { user: { exec: { command: "aws" } } }, /exec: it runs a program/],
  ["an auth provider", { user: { "auth-provider": { name: "gcp" } } }, /auth-provider/],
  ["a password", { user: { username: "admin", password: "SECRET" } }, /no passwords/],
  ["acting as another", { user: { token: "SECRET", as: "root" } }, /as: acting as somebody else/],
  ["trust in anybody", { cluster: { "insecure-skip-tls-verify": true } }, /insecure-skip-tls-verify/],
  ["a proxy", { cluster: { "proxy-url": "http://p" } }, /proxy-url/],
  ["plain http", { cluster: { server: "http://127.0.0.1:8001" } }, /no https address/],
  ["no credential", { user: {} }, /no token and no client certificate/],
  ["a certificate without its key", { user: { "client-certificate-data": base64("C") } }, /needs its key/],
  ["no context", { config: { "current-context": "" } }, /no current-context/],
  ["a context that is not there", { config: { contexts: [null] } }, /context is not there/],
  ["a cluster that is not there", { config: { clusters: {} } }, /cluster of its context/],
];
for (const [name, change, pattern] of refusals) {
  test(`a kubeconfig with ${name} is refused by name`, () => {
    assert.throws(() => kubeconfigConnection(kubeconfig(change)), unusable(pattern));
  });
}

test("a file that is no kubeconfig is refused without repeating it", () => {
  assert.throws(() => kubeconfigConnection(put("config", "a: [SECRET\nb: ]: {")), unusable(/it is not YAML/));
  assert.throws(() => kubeconfigConnection(put("config", "SECRET")), unusable(/no kubeconfig/));
  assert.throws(() => kubeconfigConnection(join(folder, "nowhere")), unusable(/ENOENT/));
});
