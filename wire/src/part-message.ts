// What a part (hub, collector, publisher) tells `atalaya up` that started it, over the child process' IPC channel.

export type PartMessage =
  | { type: "ready"; part: "hub" | "collector" | "publisher"; url?: string; firstPassword?: string; detail?: string }
  | { type: "failed"; part: "hub" | "collector" | "publisher"; code: string; message: string };
