import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Fault } from "@atalaya/wire/framing";
import { parse } from "yaml";
import { type Access, type KubeConnection, readCredential } from "./connection.ts";

// A kubeconfig (client-go, clientcmd/api/v1): contexts name a cluster and a user; either holds its parts in the file
// (…-data, base64) or names files relative to it.

type Open = Readonly<Record<string, unknown>>;

/** What would run a program, ask somebody else, or trust anybody. Each is refused by its name. */
const refusedOfUser: Readonly<Record<string, string>> = {
  exec: "it runs a program for each credential; make a service account and a token for it instead",
  "auth-provider": "it was removed from Kubernetes in 1.26; use a token or a client certificate",
  username: "Kubernetes has no passwords since 1.19; use a token or a client certificate",
  password: "Kubernetes has no passwords since 1.19; use a token or a client certificate",
  as: "acting as somebody else is not supported; give a credential of the one who acts",
  "as-uid": "acting as somebody else is not supported; give a credential of the one who acts",
  "as-groups": "acting as somebody else is not supported; give a credential of the one who acts",
  "as-user-extra": "acting as somebody else is not supported; give a credential of the one who acts",
};
const refusedOfCluster: Readonly<Record<string, string>> = {
  "insecure-skip-tls-verify": "whoever answers would be trusted; give certificate-authority-data",
  "proxy-url": "proxies are not supported here",
};

/**
 * The connection of a kubeconfig's context (the current one by default): a client certificate, a token or a token file.
 * Throws Fault KUBE_UNUSABLE that says what is missing or not taken, and never repeats a credential.
 */
export function kubeconfigConnection(path: string, contextName?: string): KubeConnection {
  const config = readConfig(path);
  const fail = (why: string) => new Fault("KUBE_UNUSABLE", `The kubeconfig ${path} cannot be used: ${why}`, { path });
  const name = contextName ?? text(config["current-context"]);
  if (name === undefined) throw fail("it has no current-context");
  const context = named(config["contexts"], name, "context");
  if (context === undefined) throw fail("its context is not there");
  const cluster = named(config["clusters"], text(context["cluster"]), "cluster");
  if (cluster === undefined) throw fail("the cluster of its context is not there");
  const user = named(config["users"], text(context["user"]), "user") ?? {};
  for (const [part, refused] of [[cluster, refusedOfCluster] as const, [user, refusedOfUser] as const])
    for (const [key, why] of Object.entries(refused))
      if (![undefined, null, false, ""].includes(part[key] as null)) throw fail(`${key}: ${why}`);
  const url = URL.parse(text(cluster["server"]) ?? "");
  if (url?.protocol !== "https:") throw fail("its server is no https address");
  const folder = dirname(resolve(path));
  const access = (): Access => ({
    ca: either(cluster, "certificate-authority", folder),
    token: text(user["token"]) ?? tokenFile(user, folder),
    certificate: either(user, "client-certificate", folder),
    key: either(user, "client-key", folder),
  });
  const { token, certificate, key } = access();
  if (token === undefined && certificate === undefined) throw fail("its user has no token and no client certificate");
  if ((certificate === undefined) !== (key === undefined)) throw fail("a client certificate needs its key");
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    serverName: text(cluster["tls-server-name"]),
    access,
  };
}

function readConfig(path: string): Open {
  const fail = (why: string, cause?: unknown) =>
    new Fault("KUBE_UNUSABLE", `The kubeconfig ${path} cannot be read (${why})`, { path }, cause);
  let file: string;
  try {
    file = readFileSync(path, "utf8");
  } catch (cause) {
    throw fail((cause as NodeJS.ErrnoException).code ?? "unknown", cause);
  }
  let config: unknown;
  try {
    config = parse(file);
  } catch {
    // The parser's sentence quotes the line, which may hold a token.
    throw fail("it is not YAML");
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) throw fail("it is no kubeconfig");
  return config as Open;
}

function named(list: unknown, name: string | undefined, part: string): Open | undefined {
  const all = Array.isArray(list) ? (list as (Open | null)[]) : [];
  const found = name === undefined ? undefined : all.find((one) => one?.["name"] === name)?.[part];
  return typeof found === "object" && found !== null ? (found as Open) : undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function either(part: Open, name: string, folder: string): string | undefined {
  const data = text(part[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const file = text(part[name]);
  return file === undefined ? undefined : readCredential(resolve(folder, file));
}

function tokenFile(user: Open, folder: string): string | undefined {
  const file = text(user["tokenFile"]);
  return file === undefined ? undefined : readCredential(resolve(folder, file)).trim();
}
