import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ProgramResult, runProgram } from "../../simulator/src/run-program.ts";
import { signCertificate } from "./certificates.ts";
import { kubeconfig } from "./config-files.ts";
import { kubeProgram, type Place } from "./place.ts";

/** Somebody with a client certificate of the cluster's authority, who works with kubectl inside its network. */
export type Person = {
  name: string;
  kubeconfig: string;
  /** Runs kubectl to its end; `input` is what it reads. */
  kubectl(args: readonly string[], input?: string): Promise<ProgramResult>;
  /** Starts one that goes on: its standard input and output are the caller's, who also ends it. */
  start(args: readonly string[]): ChildProcess;
};

/** Lets somebody in: user and groups are the certificate's. What they may do is up to the test's bindings. */
export async function letIn(place: Place, name: string, groups: readonly string[]): Promise<Person> {
  await signCertificate(place, { name, subject: `${groups.map((group) => `/O=${group}`).join("")}/CN=${name}` });
  const config = join(place.folder, "etc", `${name}.kubeconfig`);
  writeFileSync(config, JSON.stringify(kubeconfig(place, name)), { mode: 0o600 });
  const kubectl = [`--net=${place.netns}`, kubeProgram(place), "kubectl", `--kubeconfig=${config}`];
  return {
    name,
    kubeconfig: config,
    kubectl: (args, input) => {
      const options = input === undefined ? {} : { input };
      return runProgram("nsenter", [...kubectl, ...args], { timeoutMs: 60_000, ...options });
    },
    start: (args) => spawn("nsenter", [...kubectl, ...args], { stdio: "pipe" }),
  };
}
