// Changes of names and modes. To add one: its number in bpf/record.h, its programs in bpf/change.bpf.c and
// src/kernel/programs.ts, a line here, and its name among the activities of the class file (wire/src/syscall-columns.ts).

/** Numbers of `enum change_call`. */
export const fileChangeNumbers = {
  rename: 1,
  link: 2,
  symlink: 3,
  unlink: 4,
  mkdir: 5,
  rmdir: 6,
  chmod: 7,
  chattr: 8,
} as const;

export type FileChange = keyof typeof fileChangeNumbers;
export const fileChanges = Object.keys(fileChangeNumbers) as readonly FileChange[];

/** What a plan can ask for whatever it changes: of chmod also those alone that give set-user-id or set-group-id. */
export const askedChangeNumbers = { ...fileChangeNumbers, chmod_setid: 9 } as const;

/** System calls at whose exit they are seen, by the name of the tracepoint, and what each can be. */
const changesAtExit: Readonly<Record<string, readonly (keyof typeof askedChangeNumbers)[]>> = {
  ...{ rename: ["rename"], renameat: ["rename"], renameat2: ["rename"] },
  ...{ link: ["link"], linkat: ["link"], symlink: ["symlink"], symlinkat: ["symlink"] },
  ...{ unlink: ["unlink"], unlinkat: ["unlink", "rmdir"], rmdir: ["rmdir"], mkdir: ["mkdir"], mkdirat: ["mkdir"] },
  ...{ chmod: ["chmod", "chmod_setid"], fchmod: ["chmod", "chmod_setid"] },
  ...{ fchmodat: ["chmod", "chmod_setid"], fchmodat2: ["chmod", "chmod_setid"] },
  ioctl: ["chattr"],
};
export const changeCalls = Object.entries(changesAtExit);

/** Where opened files are watched by their names, a program at the exit of these keeps which name a file had (bpf/moved.bpf.c). */
export const namingCalls = ["rename", "renameat", "renameat2", "link", "linkat"] as const;
/** The word that asks for it. */
export const watchedNamesWord = "watched_names";
