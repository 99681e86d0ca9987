import type { AtalayaEvent, FileEvent, NetworkEvent } from "@atalaya/wire";
import type { FieldValue, Read } from "../event-view.ts";
import { absentField, fileField as anyFileField, boundField, type Field, networkField } from "./field.ts";
import { hasDescriptor, isOpened } from "./file-change-fields.ts";
import { socketCharacter, socketFamily, socketType } from "./socket-family.ts";

// Falco's `fd.*`. The destination is the server and the source the client, of connections that are taken as of those
// that are made; of a socket that only was laid over a stream, this side counts as the client.

/** `/etc/passwd` -> `/etc`, `/passwd` -> `/`. */
function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** O_DIRECTORY; O_TMPFILE holds that bit too, and opens a file. */
const isDirectory = (event: FileEvent): boolean => ((event.open_flags ?? 0) & 0o20200000) === 0o200000;
const takesConnections = (event: NetworkEvent): boolean =>
  event.activity === "accept" ||
  event.activity === "listen" ||
  event.activity === "bind" ||
  event.activity === "receive";

/** An answer, as far as ports say so: Falco, too, guesses that the lower one is the server's. */
const isAnswer = ({ activity, src_port, dst_port }: NetworkEvent): boolean =>
  activity === "receive" && (src_port ?? 0) < (dst_port ?? 0);

function connectionName(event: NetworkEvent): string | null {
  if (event.path !== null) return event.path;
  if (event.dst_ip === null && event.activity !== "receive") return null;
  if (event.activity === "listen" || event.activity === "bind") return `${event.dst_ip}:${event.dst_port ?? 0}`;
  const source = event.src_ip === null ? "" : `${event.src_ip}:${event.src_port ?? 0}`;
  const target = `${event.dst_ip ?? ""}:${event.dst_port ?? 0}`;
  return isAnswer(event) ? `${target}->${source}` : `${source}->${target}`;
}

function known<T extends string | number>(values: readonly (T | null)[]): readonly T[] | null {
  const out = values.filter((value): value is T => value !== null);
  return out.length === 0 ? null : out;
}

const addresses = (event: NetworkEvent): FieldValue | null => known([event.src_ip, event.dst_ip]);
const ports = (event: NetworkEvent): FieldValue | null => known([event.src_port, event.dst_port]);

const localAddress = (event: NetworkEvent): string | null => (takesConnections(event) ? event.dst_ip : event.src_ip);
const remoteAddress = (event: NetworkEvent): string | null => (takesConnections(event) ? event.src_ip : event.dst_ip);
const localPort = (event: NetworkEvent): number | null => (takesConnections(event) ? event.dst_port : event.src_port);
const remotePort = (event: NetworkEvent): number | null => (takesConnections(event) ? event.src_port : event.dst_port);

const serverAddress = (event: NetworkEvent): string | null => (isAnswer(event) ? event.src_ip : event.dst_ip);
const clientAddress = (event: NetworkEvent): string | null => (isAnswer(event) ? event.dst_ip : event.src_ip);
const serverPort = (event: NetworkEvent): number | null => (isAnswer(event) ? event.src_port : event.dst_port);
const clientPort = (event: NetworkEvent): number | null => (isAnswer(event) ? event.dst_port : event.src_port);

/** Which side a socket is on that was only laid over a stream or just made, nobody knows. */
function isServer(event: NetworkEvent): boolean | null {
  if (event.activity === "dup" || event.activity === "socket") return null;
  return takesConnections(event) && !isAnswer(event);
}

/** A connection is seen as it is tried. */
function isConnected(event: NetworkEvent): boolean | null {
  return event.activity === "socket"
    ? null
    : event.activity === "connect" || event.activity === "accept" || event.activity === "dup";
}

/** Of a program's start, by the descriptor's number: what the standard streams are. */
function streamType(argument: string | undefined): Read {
  return (view) => {
    const stdio = view.event?.class === "process" ? view.event.stdio : null;
    if (stdio === null || stdio === undefined) return undefined;
    return argument === undefined ? stdio : stdio[Number(argument)];
  };
}

/** A field of files with a descriptor: who renames by a path has none. */
const fileField = (name: string, type: Field["type"], get: (event: FileEvent) => FieldValue | null): Field =>
  anyFileField(name, type, (event) => (hasDescriptor(event) ? get(event) : null));

/** A field of files and of connections alike. */
function eitherField(
  name: string,
  type: Field["type"],
  file: (event: FileEvent) => FieldValue | null,
  network: (event: NetworkEvent) => FieldValue | null,
): Field {
  const read = (event: AtalayaEvent | undefined): FieldValue | null => {
    if (event?.class === "file") return hasDescriptor(event) ? file(event) : null;
    return event?.class === "network" ? network(event) : null;
  };
  return boundField("syscall", name, type, () => (view) => read(view.event) ?? undefined, {
    classes: ["file", "network"],
  });
}

const destination = { shape: "sides" } as const;

/** What one side's address is called: the destination's, where the event's sides say so. */
const namesField = (name: string, isDestinations: (event: NetworkEvent) => boolean): Field =>
  networkField(name, "string", (event) => (isDestinations(event) ? event.dst_names : event.src_names), destination);

export const fileDescriptorFields: readonly Field[] = [
  eitherField("fd.name", "string", (event) => event.path, connectionName),
  fileField("fd.directory", "string", (event) => (event.path === null ? null : directoryOf(event.path))),
  fileField("fd.filename", "string", (event) => event.path?.slice(event.path.lastIndexOf("/") + 1) ?? null),
  // What the caller wrote is known only where the kernel resolved nothing.
  fileField("fd.nameraw", "string", (event) => (event.path_trusted === false ? event.path : null)),
  // By which of its names it was opened, where fd.name is another one that a rule asks for.
  fileField("fd.opened_as", "string", (event) => event.opened_as),
  fileField("fd.ino", "number", (event) => event.inode),
  fileField("fd.dev", "number", (event) => event.device),
  fileField("fd.is_upper_layer", "boolean", (event) => event.upper_layer),
  eitherField("fd.typechar", "string", (event) => (isDirectory(event) ? "d" : "f"), socketCharacter),
  eitherField("fd.type", "string", (event) => (isDirectory(event) ? "directory" : "file"), socketType),
  // Of files the number itself is not recorded: a success is "some number", which only an order comparison can use.
  eitherField(
    "fd.num",
    "number",
    (event) => (event.activity === "open_failed" ? -1 : isOpened(event) ? Number.POSITIVE_INFINITY : null),
    (event) => event.fd ?? Number.POSITIVE_INFINITY,
  ),
  networkField("fd.sip", "ip", serverAddress),
  networkField("fd.rip", "ip", remoteAddress),
  networkField("fd.cip", "ip", clientAddress),
  networkField("fd.lip", "ip", localAddress),
  networkField("fd.ip", "ip", addresses, destination),
  namesField("fd.sip.name", (event) => !isAnswer(event)),
  namesField("fd.cip.name", isAnswer),
  namesField("fd.rip.name", (event) => !takesConnections(event)),
  namesField("fd.lip.name", takesConnections),
  networkField("fd.sport", "number", serverPort),
  networkField("fd.rport", "number", remotePort),
  networkField("fd.cport", "number", clientPort),
  networkField("fd.lport", "number", localPort),
  networkField("fd.port", "number", ports, destination),
  networkField("fd.snet", "net", serverAddress),
  networkField("fd.rnet", "net", remoteAddress),
  networkField("fd.cnet", "net", clientAddress),
  networkField("fd.lnet", "net", localAddress),
  networkField("fd.net", "net", addresses, destination),
  networkField("fd.l4proto", "string", (event) => event.protocol),
  networkField("fd.sockfamily", "string", socketFamily),
  networkField("fd.is_server", "boolean", isServer),
  // A datagram is seen where it names its own destination, or where its sender is asked for: its socket is not connected, and its
  // name is a new one; but not an answer's, which has the name of the question.
  networkField("fd.connected", "boolean", isConnected),
  networkField(
    "fd.name_changed",
    "boolean",
    (event) => event.activity === "send" || (event.activity === "receive" && !isAnswer(event)),
  ),
  absentField("fd.sproto"),
  absentField("fd.cproto"),
  absentField("fd.rproto"),
  absentField("fd.lproto"),
  absentField("fd.proto"),
  boundField("syscall", "fd.types", "string", streamType, { shape: "list", argument: "index", classes: ["process"] }),
  absentField("fd.containername"),
  absentField("fd.containerdirectory"),
  absentField("fd.uid"),
];
