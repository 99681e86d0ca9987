import type { Command } from "./command.ts";
import { accounts } from "./commands/accounts.ts";
import { alerts } from "./commands/alerts.ts";
import { audit } from "./commands/audit.ts";
import { backup } from "./commands/backup.ts";
import { changes } from "./commands/changes.ts";
import { drift } from "./commands/drift.ts";
import { enroll } from "./commands/enroll.ts";
import { events } from "./commands/events.ts";
import { login } from "./commands/login.ts";
import { nodes } from "./commands/nodes.ts";
import { recorder } from "./commands/recorder.ts";
import { status } from "./commands/status.ts";
import { testAlert } from "./commands/test-alert.ts";
import { tokens } from "./commands/tokens.ts";
import { uninstall } from "./commands/uninstall.ts";
import { up } from "./commands/up.ts";
import { workspaces } from "./commands/workspaces.ts";
import {
  runCollector,
  runHub,
  runInventory,
  runPublisher,
  runReplay,
  runRestore,
  runRules,
  runSimulate,
} from "./switchboard.ts";

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  up,
  { name: "simulate", summary: "attack a victim container and check that each alert arrives", run: runSimulate },
  alerts,
  events,
  status,
  { name: "rules", summary: "check, list and show rules, and what they make the kernel send", run: runRules },
  { name: "replay", summary: "evaluate recorded events with the rules, offline", run: runReplay },
  drift,
  recorder,
  testAlert,
  enroll,
  nodes,
  audit,
  login,
  tokens,
  accounts,
  workspaces,
  changes,
  uninstall,
  backup,
  { name: "restore", summary: "put a backup in place", run: runRestore },
  { name: "hub", summary: "run the hub alone", run: runHub },
  { name: "collector", summary: "run the collector alone (--stdout prints events)", run: runCollector },
  { name: "publisher", summary: "run the publisher alone", run: runPublisher },
  { name: "inventory", summary: "run the inventory of a cluster alone", run: runInventory },
];
