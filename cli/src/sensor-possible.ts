import { existsSync } from "node:fs";

/** Why the sensor cannot run here, with how to get it; undefined when it can. */
export function sensorObstacle(objectFolder: string): string | undefined {
  if (process.platform !== "linux") return "the sensor needs Linux; run Atalaya's hub here and sensors on Linux nodes";
  if (process.getuid?.() !== 0) return "the sensor needs root; run it with: sudo npm start";
  if (!existsSync("/sys/kernel/btf/vmlinux")) {
    return "this kernel has no BTF (/sys/kernel/btf/vmlinux); use one built with CONFIG_DEBUG_INFO_BTF, as Debian's are";
  }
  if (!existsSync(objectFolder)) {
    return "the BPF programs are not built; install clang, llvm, libbpf-dev, libelf-dev, bpftool and gcc, then start again";
  }
  return undefined;
}
