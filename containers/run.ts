import { spawn } from "node:child_process";

/** Runs a program to its end; gives what it printed. Throws an Error with the end of its complaints when it fails. */
export async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.stderr = (texts.stderr + text).slice(-4_000);
  });
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on("error", (cause) => reject(new Error(`${file} cannot be started: apt-get install ${file}`, { cause })));
    child.on("close", (code, signal) => resolve(signal ?? code ?? 1));
  });
  if (status !== 0)
    throw new Error(`${file} ${args.slice(0, 3).join(" ")} … ended with ${status}:\n${texts.stderr.trim()}`);
  return texts.stdout.trim();
}
