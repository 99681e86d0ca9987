import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kubectlCommand, removeCluster, runningCluster, startCluster } from "./cluster.ts";
import { goProgram, goProgramNames } from "./go-programs.ts";
import { placeOf } from "./place.ts";
import { runningParts } from "./processes.ts";

const help = `Usage: npm run cluster -- up|down|build|status|logs PART|kubectl -- ARGS

A real Kubernetes of one node for tests, in a network namespace of its own. Needs root.

  up           starts it (the first time it is built: about 5 minutes)
  down         ends it and removes what it made
  build        what clusters are made of, and nothing more: the next one starts in seconds
  status       which parts run, and the node
  logs PART    what a part printed: etcd, containerd, apiserver, controller-manager, scheduler, kubelet, proxy
  kubectl --   kubectl as its administrator

Several clusters run side by side, each under its own name: ATALAYA_CLUSTER=NAME npm run cluster up

Examples:
  npm run cluster up
  npm run cluster kubectl -- get pods -A
  npm run cluster logs kubelet`;

const say = (line: string) => process.stderr.write(`cluster: ${line}\n`);

async function run([command, ...rest]: string[]): Promise<number> {
  if (command === "up") return up();
  if (command === "down") return down();
  if (command === "build") return build();
  if (command === "status") return status();
  if (command === "logs") return logs(rest[0]);
  if (command === "kubectl") return kubectl(rest[0] === "--" ? rest.slice(1) : rest);
  process.stdout.write(`${help}\n`);
  return command === undefined || command === "--help" ? 0 : 2;
}

async function up(): Promise<number> {
  if (runningCluster() !== undefined) {
    say("it runs already");
    return 0;
  }
  const started = performance.now();
  await startCluster({ say });
  say(`up in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return 0;
}

async function down(): Promise<number> {
  await removeCluster(placeOf());
  say("it is gone");
  return 0;
}

async function build(): Promise<number> {
  for (const name of goProgramNames) await goProgram(name, say);
  return 0;
}

async function status(): Promise<number> {
  const cluster = runningCluster();
  if (cluster === undefined) {
    say("it does not run: npm run cluster up");
    return 1;
  }
  for (const { name, pid } of runningParts(cluster.place)) process.stdout.write(`${name} ${pid}\n`);
  process.stdout.write((await cluster.kubectl(["get", "nodes", "-o", "wide"])).stdout);
  return 0;
}

function logs(part: string | undefined): Promise<number> {
  const file = join(placeOf().folder, "logs", `${part ?? ""}.log`);
  if (part === undefined || !/^[a-z-]+$/.test(part) || !existsSync(file)) {
    say("logs of which part? etcd, containerd, apiserver, controller-manager, scheduler, kubelet, proxy");
    return Promise.resolve(2);
  }
  return through("cat", [file]);
}

function kubectl(args: string[]): Promise<number> {
  const cluster = runningCluster();
  if (cluster === undefined) {
    say("it does not run: npm run cluster up");
    return Promise.resolve(1);
  }
  return through("nsenter", kubectlCommand(cluster.place, args));
}

function through(file: string, args: string[]): Promise<number> {
  return new Promise((resolve) => spawn(file, args, { stdio: "inherit" }).on("close", (code) => resolve(code ?? 1)));
}

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  return 1;
});
