import { spawn } from "node:child_process";

/** Runs a program to its end with our terminal; gives its exit status (128 + signal number when a signal ended it). */
export function runCommand(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal === null ? code : 128 + (signal === "SIGINT" ? 2 : 15)));
  });
}
