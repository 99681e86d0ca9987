import { Fault } from "@atalaya/wire";
import type { z } from "zod";
import { limits } from "../limits.ts";
import { mustRun, type ProgramOptions, type ProgramResult, runProgram } from "../run-program.ts";

export type HelmOptions = Omit<ProgramOptions, "signal"> & { enough?: AbortSignal | undefined };

export type KubeOptions = {
  /** The programs' paths. */
  kubectl: string;
  helm: string;
  kubeconfig?: string | undefined;
  context?: string | undefined;
};

/** The cluster, as kubectl and Helm of this machine reach it with the user's own credentials. */
export class Kube {
  readonly #options: KubeOptions;
  readonly #signal: AbortSignal | undefined;

  /** `signal` ends what is under way; leave it out for clean-up. */
  constructor(options: KubeOptions, signal?: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The same cluster, for clean-up: nothing aborts it. */
  unstoppable(): Kube {
    return new Kube(this.#options);
  }

  /** Runs kubectl; resolves whatever its exit status is. */
  kubectl(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    return runProgram(this.#options.kubectl, this.#kubectlArguments(args), this.#programOptions(options));
  }

  /** Runs kubectl; throws Fault SIMULATION_FAILED when its exit status is not 0. Gives standard output. */
  mustKubectl(args: readonly string[], options: ProgramOptions = {}): Promise<string> {
    return mustRun(this.#options.kubectl, this.#kubectlArguments(args), this.#programOptions(options));
  }

  /** What kubectl prints as JSON. Throws Fault SIMULATION_FAILED when it is not of the wanted shape. */
  async get<T>(args: readonly string[], schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(parseJson(await this.mustKubectl([...args, "-o", "json"])));
    if (parsed.success) return parsed.data;
    throw new Fault("SIMULATION_FAILED", `kubectl ${args.join(" ")} printed something else than was expected`);
  }

  /** Runs kubectl until it ends or `enough` is said; throws when it takes longer than `timeoutMs`. */
  async following(
    args: readonly string[],
    options: Pick<ProgramOptions, "timeoutMs" | "onOutputLine"> & { enough: AbortSignal },
  ): Promise<void> {
    const { enough, ...rest } = options;
    const signal = this.#signal === undefined ? enough : AbortSignal.any([enough, this.#signal]);
    try {
      await this.kubectl(args, { ...rest, signal });
    } catch (error) {
      if (!enough.aborted) throw error;
    }
  }

  /** Runs Helm; resolves whatever its exit status is, and with a status of 128 or more when it was ended by `enough`. */
  async helm(args: readonly string[], options: HelmOptions = {}): Promise<ProgramResult> {
    const { enough, ...rest } = options;
    const { kubeconfig, context } = this.#options;
    const where = [
      ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
      ...(context === undefined ? [] : ["--kube-context", context]),
    ];
    const signals = [enough, this.#signal].filter((one) => one !== undefined);
    try {
      return await runProgram(this.#options.helm, [...args, ...where], {
        ...this.#programOptions(rest),
        signal: AbortSignal.any(signals),
      });
    } catch (error) {
      if (enough?.aborted === true) return { status: 128, stdout: "", stderr: "" };
      throw error;
    }
  }

  #kubectlArguments(args: readonly string[]): string[] {
    const { kubeconfig, context } = this.#options;
    return [
      ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
      ...(context === undefined ? [] : [`--context=${context}`]),
      ...args,
    ];
  }

  #programOptions(options: ProgramOptions): ProgramOptions {
    return { timeoutMs: limits.kubectlMs, signal: this.#signal, ...options };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
