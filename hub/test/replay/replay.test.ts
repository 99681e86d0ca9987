import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { samplesOf } from "@atalaya/detections";
import { explainedPlanSchema } from "@atalaya/wire";
import { boundedLines } from "../../src/replay/bounded-lines.ts";
import { atalaya, filesFor } from "./command-line.ts";

const firing = samplesOf({ name: "Cluster Admin Binding" }).find((sample) => sample.kind === "fires");
const record = JSON.stringify(firing?.records[0]);
const exec = JSON.stringify({
  class: "process",
  activity: "exec",
  time_us: 1_764_000_000_000_000,
  pid: 7,
  name: "xmrig",
  container_id: "c0ffee",
  argv: ["xmrig"],
  filename: "/tmp/xmrig",
});

const ruleFile = `- rule: Any Change
  desc: d
  condition: ka.verb in (create, patch, update)
  output: changed by %ka.user.name
  priority: NOTICE
  source: k8s_audit
- rule: Any Change Again
  desc: d
  condition: ka.verb exists
  output: again
  priority: NOTICE
  source: k8s_audit
`;

test("audit records and events of ours become alerts in Falco's JSON form", async (t) => {
  const folder = filesFor(t, { "events.jsonl": `${record}\n\n{"kind":"EventList","items":[${record}]}\n${exec}\n` });
  const { status, lines, errors } = await atalaya(["replay", "--json", join(folder, "events.jsonl")]);
  assert.equal(status, 0, errors);
  const alerts = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    alerts.map((alert) => alert["rule"]),
    ["Cluster Admin Binding", "Cluster Admin Binding", "Digital Currency Mining"],
  );
  for (const key of [
    "time",
    "priority",
    "source",
    "hostname",
    "output",
    "tags",
    "output_fields",
    "alert",
    "fold_key",
  ]) {
    assert.ok(key in (alerts[0] ?? {}), key);
  }
});

test("lines that cannot be read are named and counted, the rest is evaluated, and the status is 3", async () => {
  const input = `{"nope\n${record}\n{"class":"process"}\n{"kind":"EventList","items":[1]}\n`;
  const { status, lines, errors } = await atalaya(["replay", "--json", "-"], input);
  assert.equal(status, 3);
  assert.equal(lines.length, 1);
  assert.match(
    errors,
    /^stdin:1: not JSON\nstdin:3: `activity` is missing\nstdin:4: item 1: .+\n4 lines, 1 events, 1 alerts, 3 not readable\n$/,
  );
});

test("rules are given by file, with or without the packs, all or the first of each", async (t) => {
  const folder = filesFor(t, { "rules.yaml": ruleFile, "events.jsonl": `${record}\n` });
  const run = async (...more: string[]) => {
    const { lines } = await atalaya([
      "replay",
      "--rules",
      join(folder, "rules.yaml"),
      ...more,
      "--json",
      join(folder, "events.jsonl"),
    ]);
    return lines.map((line) => (JSON.parse(line) as { rule: string }).rule);
  };
  assert.deepEqual(await run(), ["Cluster Admin Binding", "Any Change", "Any Change Again"]);
  assert.deepEqual(await run("--no-packs"), ["Any Change", "Any Change Again"]);
  assert.deepEqual(await run("--no-packs", "--match", "first"), ["Any Change"]);
  assert.deepEqual(await run("--source", "syscall"), []);
});

test("arguments and rules that are unusable give status 2 and a sentence", async (t) => {
  const folder = filesFor(t, {
    "broken.yaml": "- rule: x\n  desc: d\n  condition: proc.name =\n  output: o\n  priority: INFO\n",
  });
  const broken = await atalaya(["replay", "--rules", join(folder, "broken.yaml"), "-"]);
  assert.deepEqual([broken.status, broken.errors], [2, `${folder}/broken.yaml:3:24: rule "x": expected a value\n`]);
  for (const [args, sentence] of [
    [["replay"], /reads one FILE/],
    [["replay", "--match", "best", "-"], /--match is first or all/],
    [["replay", "--source", "aws", "-"], /--source is k8s_audit or syscall/],
    [["replay", "--nope", "-"], /--nope/],
    [["replay", join(folder, "absent.jsonl")], /absent.jsonl cannot be read \(ENOENT\)/],
    [["replay", "--rules", join(folder, "absent.yaml"), "-"], /absent.yaml cannot be read \(ENOENT\)/],
  ] as const) {
    const { status, errors } = await atalaya(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(errors, sentence);
  }
});

test("without --json an alert is one line for people, in which no event can steer the terminal", async () => {
  const evil = exec.replace('["xmrig"]', '["xmrig","\\u001b[2J"]');
  const { status, lines } = await atalaya(["replay", "-"], evil);
  assert.equal(status, 0);
  assert.match(lines[0] ?? "", /Critical .* A coin miner .*\\u001b\[2J/);
});

test("a line longer than the bound is skipped, and the next one is read", async () => {
  async function* chunks() {
    yield Buffer.from("ab\ncd");
    yield Buffer.from("efgh");
    yield Buffer.from("ijkl\nmn");
  }
  const lines = [];
  for await (const line of boundedLines(chunks(), 4)) lines.push(line);
  assert.deepEqual(lines, [
    { number: 1, text: "ab" },
    { number: 2, text: undefined },
    { number: 3, text: "mn" },
  ]);
});

test("rules check says where a file is wrong, list and show print what there is", async (t) => {
  const folder = filesFor(t, {
    "rules.yaml": `${ruleFile}- rule: bad\n  desc: d\n  condition: (\n  output: o\n  priority: INFO\n`,
  });
  const check = await atalaya(["rules", "check", join(folder, "rules.yaml")]);
  assert.equal(check.status, 1);
  assert.deepEqual(check.lines, [
    `${folder}/rules.yaml:15:14: rule "bad": expected a field, a macro or \`(\``,
    "2 rules, 1 problems, 0 warnings",
  ]);
  const list = await atalaya(["rules", "list", "--json"]);
  const names = list.lines.map((line) => (JSON.parse(line) as { name: string }).name);
  assert.ok(names.includes("Web Shell Activity"));
  const show = await atalaya(["rules", "show", "web shell activity"]);
  assert.match(show.lines.join("\n"), /detections\/packs\/process\/web-shell.yaml:\d+/);
  assert.equal((await atalaya(["rules", "show", "nothing"])).status, 1);
  assert.equal((await atalaya(["rules", "paint"])).status, 2);
  assert.equal((await atalaya(["rules", "plan", "--hub", join(folder, "rules.yaml")])).status, 2);
  assert.equal((await atalaya(["rules", "plan", "--no-packs", join(folder, "rules.yaml")])).status, 1);
  assert.match((await atalaya(["rules", "--help"])).lines[0] ?? "", /^Usage: atalaya rules check/);
});

const planned = `- rule: shadow
  desc: d
  condition: evt.type = openat and fd.name in (/etc/shadow, /etc/gshadow)
  output: o
  priority: INFO
- rule: curious
  desc: d
  condition: (evt.type = openat and proc.name = curl and fd.num >= 0) or (evt.type = connect and fd.sport = 4444)
  output: o
  priority: INFO
`;

test("rules plan says what the kernel sends, who asks for it, and who asks for everything", async (t) => {
  const file = join(filesFor(t, { "my.yaml": planned }), "my.yaml");
  const { status, lines } = await atalaya(["rules", "plan", "--no-packs", file]);
  assert.equal(status, 0);
  for (const line of [
    `  gshadow  shadow (${file}:1)`,
    `  4444  curious (${file}:6)`,
    `  curious (${file}:6) asks for every open, because \`evt.type = openat and proc.name = curl and fd.num >= 0\` says nothing of the file that the kernel can test`,
  ])
    assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
  assert.match(lines.at(-1) ?? "", /^Nobody asks for: .*network\.send/);
  const json = await atalaya(["rules", "plan", "--json", "--no-packs", file]);
  const explained = explainedPlanSchema.parse(JSON.parse(json.lines.join("\n")));
  assert.deepEqual(explained.plan.connect_ports, [4444]);
  const packs = await atalaya(["rules", "plan"]);
  assert.ok(packs.lines.some((line) => line.includes("Sensitive File Access (detections/packs/")));
});
