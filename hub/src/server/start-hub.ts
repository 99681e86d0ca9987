import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { inClusterConnection, KubeClient } from "@atalaya/kube";
import { Fault } from "@atalaya/wire";
import type { FastifyBaseLogger } from "fastify";
import { ensureFirstAccount, ensureLocalClient } from "../auth/first-start.ts";
import { KubeClusters } from "../enrolment/kube-clusters.ts";
import { ensureLocalToken } from "../enrolment/local-token.ts";
import { reachableClusters } from "../enrolment/reachable-clusters.ts";
import type { HubCore } from "../hub-core.ts";
import { Notifier } from "../notify/notifier.ts";
import { prepareDataFolder } from "../store/data-folder.ts";
import { CaPublisher } from "../tls/ca-publisher.ts";
import { openAuthority } from "../tls/hub-authority.ts";
import { hubCertificate } from "../tls/hub-certificate.ts";
import type { App } from "./app-type.ts";
import { buildApp } from "./build-app.ts";
import { HttpMetrics } from "./http-metrics.ts";
import { serverLimits } from "./limits.ts";
import { type HubOptions, localUrl } from "./options.ts";

/** A hub that answers. `close` ends streams, requests, notification and store, in this order. */
export type RunningHub = {
  url: string;
  firstPassword: string | undefined;
  /** Of the CA that sensors and people trust it by: SHA-256, as openssl writes it. */
  caFingerprint: string;
  close(): Promise<void>;
};

/**
 * Starts everything behind one address. Nothing lasting is made before the port is ours: a first password is told
 * once, so it must not be made by a start that fails. Throws Fault DATA_UNWRITABLE, PORT_TAKEN, STORE_NEWER, KUBE_UNUSABLE, USAGE.
 */
export async function startHub(
  options: HubOptions,
  openCore: (hubFolder: string) => Promise<HubCore>,
  logger: FastifyBaseLogger,
  version: string,
): Promise<RunningHub> {
  const folder = join(options.data, "hub");
  const reachable = reachableClusters(options);
  requireWritable(options.data);
  prepareDataFolder(folder);
  await requireFreePort(options);
  const certificate = await hubCertificate(folder, options.host, Date.now(), options.names);
  const authority = openAuthority(folder);
  const metrics = new HttpMetrics();
  const core = await openCore(folder);
  const clusters = new KubeClusters(core.enrolment, reachable, logger);
  let endServer = async () => {};
  try {
    const parts = { core, metrics, logger, url: localUrl(options.host, options.port) };
    const printLine = (line: string) => process.stdout.write(`${line}\n`);
    const notifier = new Notifier({ ...parts, dataFolder: options.data, printLine });
    const { app, end } = await buildApp({
      ...parts,
      notifier,
      certificate,
      authority,
      clusters,
      web: options.web,
      version,
    });
    endServer = end;
    const url = localUrl(options.host, await listen(app, options));
    const firstPassword = await ensureFirstAccount(core, options.resetPassword);
    const here = { dataFolder: options.data, cluster: options.cluster, node: options.node, caPem: certificate.caPem };
    await ensureLocalToken(core.enrolment, here);
    await ensureLocalClient(core, options.data, url);
    clusters.start();
    await notifier.start();
    const caPublisher = publishCa(options, certificate.caPem, logger);
    const stopRenewal = renewInTime(app, folder, options, logger, (caPem) => caPublisher?.changed(caPem));
    const close = async () => {
      stopRenewal();
      clusters.close();
      caPublisher?.close();
      await Promise.race([end(), new Promise((done) => setTimeout(done, serverLimits.drainMs).unref())]);
      app.server.closeAllConnections();
      await notifier.close();
      await core.close();
    };
    const caFingerprint = new X509Certificate(certificate.caPem).fingerprint256;
    return { url, firstPassword, caFingerprint, close };
  } catch (error) {
    clusters.close();
    await endServer();
    await core.close();
    throw error;
  }
}

/** `access` tells a read-only mount (EROFS) to root too, where making a folder below it answers ENOENT. */
function requireWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const message = `The data folder ${folder} cannot be written (${code}): choose another with --data`;
    throw new Fault("DATA_UNWRITABLE", message, { folder, code }, cause);
  }
}

/** In a pod: the sensors of this cluster learn from a ConfigMap what to trust. Throws Fault KUBE_UNUSABLE elsewhere. */
function publishCa({ caConfigMap }: HubOptions, caPem: string, logger: FastifyBaseLogger): CaPublisher | undefined {
  if (caConfigMap === undefined) return undefined;
  const publisher = new CaPublisher(new KubeClient(inClusterConnection()), caConfigMap, caPem, logger);
  publisher.start();
  return publisher;
}

/** Asked before the database is opened: a second start is told at once, and has touched nothing. */
async function requireFreePort({ host, port }: HubOptions): Promise<void> {
  const probe = createServer();
  try {
    probe.listen({ host, port });
    await once(probe, "listening");
  } catch (cause) {
    throw listenFault(cause as NodeJS.ErrnoException, host, port);
  }
  probe.close();
  await once(probe, "close");
}

async function listen(app: App, { host, port }: HubOptions): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw listenFault(cause as NodeJS.ErrnoException, host, port);
  }
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function listenFault(cause: NodeJS.ErrnoException, host: string, port: number): unknown {
  const facts = { host, port };
  if (cause.code === "EADDRINUSE") {
    const message = `Another process listens on ${host}:${port}: stop it, or choose another port with --listen`;
    return new Fault("PORT_TAKEN", message, facts, cause);
  }
  if (cause.code === "EACCES") {
    return new Fault("USAGE", `Port ${port} needs root: choose one above 1023 with --listen`, facts, cause);
  }
  if (cause.code === "EADDRNOTAVAIL" || cause.code === "ENOTFOUND") {
    return new Fault("USAGE", `${host} is not an address of this machine: choose another with --listen`, facts, cause);
  }
  return cause;
}

/** Looks twice a day whether the certificate nears its end, and puts a new one in place without a restart. */
function renewInTime(
  app: App,
  folder: string,
  { host, names }: HubOptions,
  logger: FastifyBaseLogger,
  renewed: (caPem: string) => void,
): () => void {
  const timer = setInterval(() => {
    hubCertificate(folder, host, Date.now(), names).then(
      (certificate) => {
        if (!certificate.renewed) return;
        app.server.setSecureContext({ ...certificate, ca: certificate.caPem, minVersion: "TLSv1.3" });
        renewed(certificate.caPem);
        const caFingerprint = new X509Certificate(certificate.caPem).fingerprint256;
        logger.info({ caFingerprint }, "the certificate was renewed");
      },
      (error) => logger.error({ err: error }, "the certificate could not be renewed"),
    );
  }, serverLimits.certificateCheckMs).unref();
  return () => clearInterval(timer);
}
