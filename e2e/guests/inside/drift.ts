// A container's root as a runtime makes it: an overlay over a layer of an image. What ran in it, of the image or brought?
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Check } from "./check.ts";
import { type EventOf, type GuestWatch, runProgram } from "./guest-watch.ts";

type Told = [origin: EventOf<"process">["exe_origin"], upperLayer: boolean];
type Case = {
  what: string;
  /** Commands in the container's root, where PROGRAM is of the image. */
  act: string;
  /** What is run afterwards. */
  program: string;
  as?: "memory";
  told: Told;
};

const ofTheImage: Told = ["image", false];
const brought: Told = ["upper", true];
const cases: readonly Case[] = [
  { what: "a program of the image", act: "true", program: "/PROGRAM", told: ofTheImage },
  { what: "one with another mode", act: "chmod 700 PROGRAM", program: "/PROGRAM", told: ofTheImage },
  { what: "one under another name", act: "mv PROGRAM moved-PROGRAM", program: "/moved-PROGRAM", told: ofTheImage },
  { what: "a copy of one", act: "cp PROGRAM copied-PROGRAM", program: "/copied-PROGRAM", told: brought },
  { what: "one that was written to", act: "echo x >> PROGRAM", program: "/PROGRAM", told: brought },
  { what: "one in memory", act: "true", program: "/PROGRAM", as: "memory", told: ["memory", false] },
  {
    what: "one on a volume",
    act: "mkdir v; mount -t tmpfs none v; cp PROGRAM v/",
    program: "/v/PROGRAM",
    told: ["volume", false],
  },
];

/** The commands that make such a root of the files, and stand in it afterwards. */
function rootOf(name: string, files: readonly string[]): string {
  const place = `/tmp/containers/${name}`;
  const options = `lowerdir=${place}/0/fs,upperdir=${place}/up/fs,workdir=${place}/work`;
  return [
    `mkdir -p ${place}/0/fs/proc ${place}/up/fs ${place}/work ${place}/merged`,
    ...files.map((file) => `cp /guest/${file} ${place}/0/fs/${file === "stay" ? name : file}`),
    `mount -t overlay overlay -o ${options} ${place}/merged`,
    `cd ${place}/merged; mount -t proc proc proc`,
  ].join("\n");
}

/** The program is alive while the sensor looks at it. */
async function checkOrigin(watch: GuestWatch, one: Case, name: string): Promise<void> {
  const [act, program] = [one.act, one.program].map((text) => text.replaceAll("PROGRAM", name));
  const script = [rootOf(name, ["stay"]), act, `chroot . ${program} ${one.as ?? "stay"}`].join("\n");
  const child = spawn("/bin/busybox", ["unshare", "-m", "sh", "-ec", script], { stdio: ["pipe", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const closed = once(child, "close");
  try {
    const isIt = ({ argv }: EventOf<"process">) => argv?.[0] === program && argv?.[1] === "stay";
    const exec = await watch.first("process", "exec", isIt).catch((error: unknown) => {
      throw new Error(`${String(error)} ${complaint}`);
    });
    assert.deepEqual([exec.exe_origin, exec.exe_upper_layer], one.told);
  } finally {
    child.stdin.end();
    await closed;
  }
  assert.equal(complaint, "");
}

async function checkMapped(watch: GuestWatch, name: string, script: string, wanted: Partial<EventOf<"file">>) {
  const whole = [rootOf(name, ["maps"]), script].join("\n");
  const { pid, status, stderr } = runProgram("/bin/busybox", ["unshare", "-m", "sh", "-ec", whole]);
  assert.equal(status, 0, stderr);
  const map = await watch.first("file", "map", (event) => event.pid === pid && event.path === wanted.path);
  assert.deepEqual({ path: map.path, upper_layer: map.upper_layer, path_trusted: map.path_trusted }, wanted);
}

export const driftChecks: readonly Check[] = [
  ...cases.map(
    (one, i): Check => ({
      name: `where it comes from, in a container: ${one.what}`,
      run: (watch) => checkOrigin(watch, one, `program-${i}`),
    }),
  ),
  {
    name: "a file of the upper layer that is made code after it was mapped",
    needs: ["exit_mprotect"],
    run: (watch) =>
      checkMapped(watch, "protected", "cp maps dropped; exec chroot . /maps protect /dropped", {
        // Of the mount namespace, which chroot leaves as it is.
        path: "/tmp/containers/protected/merged/dropped",
        upper_layer: true,
        path_trusted: true,
      }),
  },
  {
    name: "code that is mapped out of memory",
    needs: ["exit_mmap"],
    run: (watch) =>
      checkMapped(watch, "in-memory", "exec chroot . /maps memory /maps", {
        path: "/memfd:library",
        upper_layer: false,
        path_trusted: true,
      }),
  },
];
