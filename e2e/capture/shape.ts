import type { FileEvent, NetworkEvent, SyscallEvent } from "@atalaya/wire";

// What of an event must come again when the same command runs again. Times, ids, inodes and ports of the caller differ
// each time, the container's own id also where a command or a path names it; two processes that run at once take turns as
// they like, so only the order within one process counts.

/** The shape of what was captured: for each process, in the order of their text, one line an event. */
export function shapeOf(events: readonly SyscallEvent[]): string[][] {
  const byProcess = Map.groupBy(events, (event) => `${event.pid} ${event.start_us}`);
  // Two rings are drained in turn: a file event may be handed on after the exit that followed it.
  const inTime = (a: SyscallEvent, b: SyscallEvent) => (a.time_us ?? 0) - (b.time_us ?? 0);
  const lines = [...byProcess.values()].map((own) => own.toSorted(inTime).map(lineOf));
  return lines.sort((a, b) => (a.join("\n") < b.join("\n") ? -1 : 1));
}

/** Of bound ports and of clients' ones only those of the server come again. */
function networkShape({ protocol, dst_port, fd, socket, path }: NetworkEvent): Record<string, unknown> {
  return { protocol, port: dst_port, ...(fd === null ? {} : { fd }), ...(socket === null ? {} : { socket, path }) };
}

function fileShape({ path, open_flags, error, other_path, mode }: FileEvent): Record<string, unknown> {
  const change = { ...(other_path !== null && { other_path }), ...(mode !== null && { mode }) };
  return { path, flags: open_flags, error, ...change };
}

function lineOf(event: SyscallEvent): string {
  const own: Record<string, unknown> = {
    name: event.name,
    argv: event.argv,
    exe_path: event.exe_path,
    upper: event.exe_upper_layer,
    memfd: event.exe_memfd,
  };
  if (event.class === "file") Object.assign(own, fileShape(event));
  if (event.class === "network") Object.assign(own, networkShape(event));
  if (event.class === "process") Object.assign(own, { filename: event.filename, error: event.error });
  const line = `${event.class} ${event.activity} ${JSON.stringify(own)}`;
  return event.container_id ? line.replaceAll(event.container_id, "<container>") : line;
}
