import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import type { AlertSummary, DoneByShort } from "@atalaya/wire";
import fc from "fast-check";
import { skipUnless } from "../../tools/testing/needs.ts";
import { commands } from "../src/commands.ts";
import { alertLine, printable } from "../src/print.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

function atalaya(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, XDG_DATA_HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent" };
  const all = ["--disable-warning=ExperimentalWarning", main, ...args];
  return spawnSync(process.execPath, all, { encoding: "utf8", env });
}

test("every command has help with examples", () => {
  for (const { name } of commands) {
    const { status, stdout } = atalaya(name, "--help");
    assert.equal(status, 0, name);
    assert.match(stdout, /Usage: atalaya/, name);
    assert.match(stdout, /Example/, name);
  }
});

test("an unknown command and an unknown option are named, with status 2", () => {
  const command = atalaya("frobnicate");
  assert.deepEqual([command.status, /frobnicate/.test(command.stderr)], [2, true]);
  const option = atalaya("alerts", "--frobnicate");
  assert.deepEqual([option.status, /--frobnicate/.test(option.stderr)], [2, true]);
});

test("an option that a command makes nothing of is refused by name, before anything is done", () => {
  for (const [args, said] of [
    [["drift", "apply", "x.json", "--limit", "5"], /drift apply without --dry-run makes nothing of --limit\b/],
    [["drift", "apply", "x.json", "--since=24h"], /makes nothing of --since\b/],
    [["drift", "apply", "x.json", "y.json"], /drift takes get, blocked, or apply FILE/],
    [["drift", "get", "--dry-run", "--limit", "5"], /drift get makes nothing of --dry-run, --limit\b/],
    [["drift", "blocked", "--limit", "5"], /drift blocked makes nothing of --limit\b/],
    [["recorder", "get", "--replaces", "x"], /recorder get makes nothing of --replaces\b/],
    [["drift", "blocked", "--json"], /drift blocked makes nothing of --json\b/],
    [["drift", "apply", "x.json", "--version"], /makes nothing of --version\b/],
    [["recorder", "apply", "x.json", "--json"], /recorder apply makes nothing of --json\b/],
    [["nodes", "--cluster", "shop"], /nodes list makes nothing of --cluster\b/],
    [["nodes", "revoke", "n-1", "n-2"], /nodes revoke makes nothing of n-2\b/],
    [["accounts", "remove", "ana", "--role", "admin"], /accounts remove makes nothing of --role\b/],
    [["enroll", "cluster", "shop", "--node", "n"], /enroll cluster makes nothing of --node\b/],
    [["audit", "list", "--server", "x"], /audit list makes nothing of --server\b/],
    [["status", "--node", "n"], /status without --ledger makes nothing of --node\b/],
    [["uninstall", "--pin", "/x", "--data", "/y"], /uninstall takes --pin or --data, not both\b/],
    [["alerts", "x"], /alerts makes nothing of x\b/],
    [["rules", "check", "x.yaml", "--json"], /rules check makes nothing of --json\b/],
    [["rules", "list", "--data", "x"], /rules list makes nothing of --data\b/],
    [["rules", "show", "x", "--hub"], /rules show makes nothing of --hub\b/],
    [["rules", "plan", "--data", "x"], /rules plan makes nothing of --data\b/],
    [["rules", "plan", "--hub", "--no-packs"], /rules plan --hub makes nothing of --no-packs\b/],
  ] as const) {
    const { status, stderr } = atalaya(...args);
    assert.match(stderr, said);
    assert.match(stderr, /See: atalaya \w+ --help\n$/);
    assert.equal(status, 2, args.join(" "));
  }
});

test("--json keeps nothing from being read as JSON, or taken away", () => {
  for (const args of [
    ["recorder", "get"],
    ["drift", "get"],
    ["nodes", "revoke", "n-1"],
    ["tokens", "revoke", "0a1b"],
    ["accounts", "remove", "ana"],
    ["enroll", "revoke", "0a1b"],
    ["enroll", "forget", "shop"],
    ["audit", "revoke", "0a1b"],
  ]) {
    const { status, stderr } = atalaya(...args, "--json");
    assert.match(stderr, /npm start/, "the hub is asked");
    assert.equal(status, 1, args.join(" "));
  }
});

test("without a hub a command says how to get one", () => {
  const { status, stderr } = atalaya("alerts");
  assert.equal(status, 1);
  assert.match(stderr, /npm start/);
});

test("no text of an attacker's choice holds what a terminal acts on", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown = printable(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      if (/^[\x20-\x7e]*$/.test(text)) assert.equal(shown, text);
    }),
    { numRuns: 2_000 },
  );
  assert.equal(printable("a\u200bb\u{e0041}\ud800"), "a\\u200bb\\ue0041\\ud800");
});

test("a line of the list says who did it, or who it may have been, and nothing of who was merely there", () => {
  const text = { en: "A shell", es: "Un shell" };
  const alert: AlertSummary = {
    ...{ alert_id: "1", rule: "Shell", source: "syscall", title: text, summary: text, severity: "high" },
    ...{ priority: "Warning", status: "new", assignee: null, muted: false, count: 1 },
    ...{ first_seen_us: 1, last_seen_us: 1, committed_us: 1, where: { pod: "web-0" }, attack: [], tags: [] },
  };
  const line = (by: DoneByShort, language: "en" | "es" = "en") => alertLine({ ...alert, by }, language);
  assert.match(line({ users: ["ana"], how: "started", certainty: "known" }), /\[web-0\] by ana {2}A shell$/);
  const maybe: DoneByShort = { users: ["ana", "e\u001bva"], how: "started", certainty: "ambiguous" };
  assert.match(line(maybe), /\] perhaps ana or e\\u001bva {2}/);
  assert.match(line(maybe, "es"), /\] quizá ana o e/);
  assert.match(line({ users: ["bob"], how: "connected", certainty: "ambiguous" }), /\[web-0\] {2}A shell$/);
});

test("what could rewrite a terminal is shown as its code point", () => {
  assert.equal(printable("a\u001b[2Jb\u202ec"), "a\\u001b[2Jb\\u202ec");
});

test("uninstall says what it cannot do and what was not there", { skip: skipUnless("kernel") }, () => {
  const none = atalaya("uninstall", "--json", "--pin", "/nonexistent/pins");
  assert.equal(none.status, 0);
  assert.deepEqual(JSON.parse(none.stdout), { folders: [{ folder: "/nonexistent/pins", programs: [], maps: [] }] });
  const other = atalaya("uninstall", "--pin", "/usr");
  assert.equal(other.status, 1);
  assert.match(other.stdout, /it is not in a bpffs/);
  assert.equal(atalaya("uninstall", "--data", "/nonexistent").status, 1);
});
