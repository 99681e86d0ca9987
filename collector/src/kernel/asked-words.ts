import type { FilterPlan } from "@atalaya/wire";
import { askedChangeNumbers, fileChangeNumbers, watchedNamesWord } from "../file-changes.ts";
import { rareCallNumbers } from "../rare-calls.ts";
import { recorderWord } from "../recorder-word.ts";
import { isRecording, settingsOf, switchable, watchesNames } from "./filter-settings.ts";
import { layout, recordKind } from "./layout.ts";

// What a plan asks for, in words: those of its `calls` and `listed_changes`, `class.activity` of what it does not call unasked,
// `watched_names`, `dns_domains` and `socket_names` where it names some, and `recorded` where somebody may be recorded. A program hangs while one of its words is asked for (programs.ts).

/** Which of the filter's maps hold something that asks. */
export type Held = { domains: boolean; socketNames: boolean };

const { filter_settings: at } = layout;

export function wordsOfPlan(plan: FilterPlan): ReadonlySet<string> {
  const held = { domains: plan.dns_domains.length > 0, socketNames: plan.socket_names.length > 0 };
  const words = wordsOfSettings(settingsOf(plan), held);
  return plan.calls.includes(recorderWord) ? new Set([...words, recorderWord]) : words;
}

/** The same from what lies in the kernel: of a collector before this one, whose plan nobody knows any more. */
export function wordsOfSettings(settings: Buffer, held: Held): ReadonlySet<string> {
  const words = new Set<string>();
  const add = (numbers: Readonly<Record<string, number>>, bits: bigint): void => {
    for (const [word, number] of Object.entries(numbers)) if ((bits >> BigInt(number)) & 1n) words.add(word);
  };
  add(recordKind, settings.readBigUInt64LE(at.kinds));
  add(rareCallNumbers, settings.readBigUInt64LE(at.rare_calls));
  add(askedChangeNumbers, BigInt(settings.readUInt32LE(at.changes)));
  add(fileChangeNumbers, BigInt(settings.readUInt32LE(at.listed_changes)));
  const unasked = settings.readBigUInt64LE(at.unasked);
  for (const [word, kind] of Object.entries(switchable)) if (((unasked >> BigInt(kind)) & 1n) === 0n) words.add(word);
  if (words.has("file.open") && watchesNames(settings)) words.add(watchedNamesWord);
  if (held.domains) words.add("dns_domains");
  if (held.socketNames) words.add("socket_names");
  if (isRecording(settings)) words.add(recorderWord);
  return words;
}
