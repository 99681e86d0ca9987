import { classColumns } from "@atalaya/wire";

/** The classes whose events come out of a kernel. */
const classes = ["process", "file", "network", "dns", "kernel"] as const;

/** It has its place in the encoding, and nobody sends it: init_module and finit_module took over. */
const neverSent: ReadonlySet<string> = new Set(["kernel.module_load"]);

/** Every event that a kernel can give, as `class.activity`: in each guest each of them is to be provoked, and seen. */
export const kernelEvents: readonly string[] = classes
  .flatMap((of) => classColumns[of].activity.map((activity) => `${of}.${activity}`))
  .filter((name) => !neverSent.has(name));
