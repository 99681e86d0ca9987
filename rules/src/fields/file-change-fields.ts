import { posix } from "node:path";
import type { AtalayaEvent, FileEvent } from "@atalaya/wire";
import { absentField, type Field, fileField } from "./field.ts";
import { modeNames } from "./flag-names.ts";

// Changes of names and modes: Falco's arguments of those calls, and its `fs.path.*`, which say the same for all of them.
// An event of ours does not tell the forms of a call apart: it has the arguments of each.

type Activity = NonNullable<FileEvent["activity"]>;

/** The activities of file events that change a name or a mode; the others are of opened files. */
export const fileChanges = ["rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "chattr"] as const;

const removals = ["unlink", "rmdir"] as const;
const twoPaths = ["rename", "link", "symlink"] as const;

/** Which changes have a field at all; the plan asks this, too. */
export const changeFieldActivities: ReadonlyMap<string, readonly Activity[]> = new Map<string, readonly Activity[]>([
  ["evt.arg.path", [...removals, "mkdir"]],
  ["evt.arg.name", removals],
  ["evt.arg.filename", ["chmod"]],
  ["evt.arg.oldpath", ["rename", "link"]],
  ["evt.arg.newpath", ["rename", "link"]],
  ["evt.arg.target", ["symlink"]],
  ["evt.arg.linkpath", ["symlink"]],
  ["evt.arg.mode", ["chmod", "mkdir"]],
  ["fs.path.name", [...removals, "mkdir", "chmod", "chattr"]],
  ["fs.path.source", twoPaths],
  ["fs.path.target", twoPaths],
]);

const opens: readonly (Activity | null)[] = ["open", "open_failed", "map"];

/** Whether a file event is of an opened file; else it changes a name or a mode. */
export const isOpened = (event: FileEvent): boolean => opens.includes(event.activity);

/** Whether there is a descriptor: of changes, those that were made by one. */
export const hasDescriptor = (event: FileEvent): boolean => isOpened(event) || event.path_trusted === true;

/** Whether a change has the field. */
export const hasChangeField = (event: FileEvent, field: string): boolean =>
  event.activity !== null && changeFieldActivities.get(field)?.includes(event.activity) === true;

const succeeded = (event: FileEvent): boolean => (event.error ?? 0) >= 0;

/** Falco calls the name that comes to be the source of a link, and what it leads to the target. */
const isLink = (event: FileEvent): boolean => event.activity === "link";

/** What a symbolic link points to, seen from where it lies. */
function pointedTo({ path, other_path }: FileEvent): string | null {
  if (other_path === null || path === null || other_path.startsWith("/")) return other_path;
  return path.startsWith("/") ? posix.join(posix.dirname(path), other_path) : other_path;
}

function target(event: FileEvent): string | null {
  if (event.activity === "symlink") return pointedTo(event);
  return isLink(event) ? event.path : event.other_path;
}

/** As Falco: only of what succeeded. Of opens the path, too. */
function ofSuccess(name: string, get: (event: FileEvent) => string | null): Field {
  const reads = (event: FileEvent): boolean =>
    hasChangeField(event, name) || (name === "fs.path.name" && event.activity === "open");
  return fileField(name, "string", (event) => (reads(event) && succeeded(event) ? get(event) : null));
}

function argument(name: string, get: (event: FileEvent) => string | null): Field {
  return fileField(name, "string", (event) => (hasChangeField(event, name) ? get(event) : null));
}

/** The program or file that a call names: of execve, and of chmod. */
export function argumentFilename(event: AtalayaEvent): string | null {
  if (event.class === "process") return event.filename;
  return event.class === "file" && hasChangeField(event, "evt.arg.filename") ? event.path : null;
}

export const fileChangeFields: readonly Field[] = [
  argument("evt.arg.path", (event) => event.path),
  argument("evt.arg.oldpath", (event) => event.path),
  argument("evt.arg.newpath", (event) => event.other_path),
  argument("evt.arg.target", (event) => event.other_path),
  argument("evt.arg.linkpath", (event) => event.path),
  // Of an open that made the file too, as the file has it.
  fileField("evt.arg.mode", "string", (event) => {
    if (event.mode === null || !(event.activity === "open" || hasChangeField(event, "evt.arg.mode"))) return null;
    return modeNames(event.mode);
  }),
  ofSuccess("fs.path.name", (event) => event.path),
  ofSuccess("fs.path.source", (event) => (isLink(event) ? event.other_path : event.path)),
  ofSuccess("fs.path.target", target),
  // What the caller wrote, relative as it may be, is not kept.
  absentField("fs.path.nameraw"),
  absentField("fs.path.sourceraw"),
  absentField("fs.path.targetraw"),
];
