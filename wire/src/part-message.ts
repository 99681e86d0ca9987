// What a part tells `atalaya up` that started it, over the child process' IPC channel.

type PartName = "hub" | "collector" | "publisher" | "inventory";
export type PartMessage =
  | { type: "ready"; part: PartName; url?: string; firstPassword?: string; detail?: string }
  | { type: "failed"; part: PartName; code: string; message: string };
