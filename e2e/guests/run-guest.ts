import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorSeconds } from "../processor-seconds.ts";
import { type GuestResult, noFunctionHooks, readResult } from "./guest-result.ts";
import { emulations, type Guest } from "./guests.ts";
import {
  consoleBytesMax,
  consoleLinesShown,
  guestMemoryMib,
  guestMsMax,
  guestProcessorMsMax,
  guestProcessors,
} from "./limits.ts";

/**
 * Boots the kernel with the root under QEMU (emulated: no KVM is needed) and gives what the guest's program found. Throws an
 * Error that shows the console's end (`show` is told all of it as it comes) when the guest hangs, panics or says nothing.
 */
export async function runGuest(
  guest: Guest,
  vmlinuz: string,
  archives: readonly Buffer[],
  show: (text: string) => void = () => undefined,
): Promise<GuestResult> {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-guest-"));
  try {
    const initrd = join(folder, "initrd");
    writeFileSync(initrd, Buffer.concat(archives));
    const started = performance.now();
    const { text, why } = await consoleOf(guest, vmlinuz, initrd, show);
    const result = readResult(text);
    if (result === undefined) throw new Error(`${guest.name} gave no result (${why}). Its console:\n${endOf(text)}`);
    return { ...result, seconds: Math.round((performance.now() - started) / 100) / 10 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function consoleOf(
  guest: Guest,
  vmlinuz: string,
  initrd: string,
  show: (text: string) => void,
): Promise<{ text: string; why: string }> {
  const { program, machine, processor, console: line, package: name } = emulations[guest.architecture];
  // In one thread its processors take turns. With two, a kernel that was changing its own text (programs are attached, static
  // branches switched) once ended in a breakpoint that nobody knew.
  const args = ["-n", "19", program, "-M", machine, "-cpu", processor, "-accel", "tcg,thread=single"];
  // Its clock counts instructions, one a nanosecond, and where it has nothing to do but wait it is set forward: to wait costs
  // nothing, and how busy this machine is changes nothing that the guest could measure.
  args.push("-icount", "shift=0,sleep=off", "-rtc", "clock=vm");
  args.push(
    "-smp",
    String(guest.processors ?? guestProcessors),
    "-m",
    String(guestMemoryMib),
    "-kernel",
    vmlinuz,
    "-initrd",
    initrd,
  );
  args.push("-nographic", "-no-reboot", "-net", "none");
  // A panic ends the guest at once (-1), and with -no-reboot QEMU.
  // Whether its timer is fast enough, a guest that shares its processor cannot tell: on a busy machine it would end there.
  args.push(
    "-append",
    `console=${line} quiet panic=-1 lsm=${guest.withoutLsm === true ? "yama" : "bpf"} no_timer_check${
      guest.withoutFunctionHooks === true ? ` ${noFunctionHooks}` : ""
    }`,
  );
  const child = spawn("nice", args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      show(part);
      text = (text + part).slice(-consoleBytesMax);
    });
  let why = "it ended";
  const end = (after: string) => {
    why = `it was ended after ${after}`;
    child.kill("SIGKILL");
  };
  const timer = setTimeout(() => end(`${guestMsMax / 1_000} s`), guestMsMax);
  const look = setInterval(() => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (processorSeconds(child.pid) * 1_000 > guestProcessorMsMax)
      end(`${guestProcessorMsMax / 1_000} s of processor time`);
  }, 1_000);
  const withUs = () => child.kill("SIGKILL");
  process.once("exit", withUs);
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code ?? 1));
  }).finally(() => {
    clearTimeout(timer);
    clearInterval(look);
    process.off("exit", withUs);
  });
  if (status === 127) throw new Error(`${program} is missing: apt-get install ${name}`);
  return { text, why: status === 0 || status === "SIGKILL" ? why : `${program} ended with ${status}` };
}

function endOf(text: string): string {
  return text.split(/\r?\n/).slice(-consoleLinesShown).join("\n");
}
