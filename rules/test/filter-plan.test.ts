import assert from "node:assert/strict";
import { test } from "node:test";
import { type FileEvent, type FilterPlan, filterPlanSchema } from "@atalaya/wire";
import fc from "fast-check";
import { makeEvaluator } from "../index.ts";
import { coveringPrefixes } from "../src/plan/filter-plan.ts";
import { exec, load, open, ruleText } from "./sample-events.ts";

/** What the kernel lets through: a watched name on the way to an opened file, a write below a prefix, a refused name. */
function passes(plan: FilterPlan, event: FileEvent): boolean {
  const parts = (event.path ?? "").split("/").filter((part) => part !== "");
  if (event.activity === "open_failed") return plan.open_names.includes(parts.at(-1) ?? "");
  if (parts.some((part) => plan.open_names.includes(part))) return true;
  const writes = [1, 2].includes((event.open_flags ?? 0) & 3);
  return writes && plan.write_prefixes.some((prefix) => (event.path ?? "").startsWith(prefix));
}

const part = fc.constantFrom("etc", "shadow", ".ssh", "id_rsa", "bin", "x");
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);

const leaf = fc.oneof(
  path.map((one) => `fd.name = ${one}`),
  path.map((one) => `fd.name startswith ${one}`),
  path.map((one) => `fd.name endswith ${one}`),
  path.map((one) => `fd.name contains ${one}/`),
  path.map((one) => `fd.name pmatch (${one}, /bin)`),
  path.map((one) => `fd.name glob ${one}/*`),
  path.map((one) => `fd.name glob '/*${one}'`),
  path.map((one) => `fd.directory = ${one}`),
  path.map((one) => `fd.directory startswith ${one}`),
  part.map((one) => `fd.filename in (${one}, passwd)`),
  part.map((one) => `basename(fd.name) = ${one}`),
  part.map((one) => `fd.filename startswith ${one.slice(0, 2)}`),
  fc.constantFrom(
    "evt.is_open_write = true",
    "evt.is_open_read=true",
    "evt.type in (open, openat)",
    "evt.type = creat",
    "evt.type = execve",
    "evt.type != openat",
    "evt.rawres >= 0",
    "evt.rawres < 0",
    "fd.num >= 0",
    "evt.failed = true",
    "evt.res = SUCCESS",
    "evt.res = EACCES",
    "evt.arg.flags contains O_WRONLY",
    "proc.name = curl",
    "fd.sport = 80",
    "evt.arg.filename = shadow",
  ),
);

const condition = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    tie("node").map((one) => `not (${one})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} or ${b})`),
  ),
})).node;

const event = fc
  .record({
    path,
    open_flags: fc.constantFrom(0, 1, 2, 0o1101, 0o101),
    error: fc.constantFrom(0, -2, -13),
  })
  .map(({ error, ...rest }) =>
    error === 0 ? open(rest) : open({ ...rest, activity: "open_failed", error, path_trusted: false }),
  );

test("no open that a rule matches is filtered out, unless the rule's warning says so", () => {
  let planned = 0;
  fc.assert(
    fc.property(condition, fc.array(event, { minLength: 5, maxLength: 20 }), (text, events) => {
      const rules = load(ruleText(text));
      assert.deepEqual(rules.problems, [], text);
      const plan = rules.filterPlan();
      const warned = rules.warnings.map((one) => one.reason).join(" ");
      const evaluator = makeEvaluator(rules);
      for (const one of events) {
        if (evaluator.evaluate(one).length === 0) continue;
        if (/cannot pick its opens/.test(warned)) continue;
        if (one.activity === "open_failed" && /that were refused/.test(warned)) continue;
        planned += 1;
        assert.ok(passes(plan, one), `${text}\n${one.activity} ${one.path} ${one.open_flags}\n${JSON.stringify(plan)}`);
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(planned > 100, `the property was put to the test ${planned} times`);
});

const planOf = (text: string) => load(ruleText(text)).filterPlan();

test("names are taken from every way to write them, prefixes from writes alone", () => {
  assert.deepEqual(
    planOf("fd.name in (/etc/shadow, /root/.netrc) or fd.filename = id_rsa or fd.name endswith /.ssh/config")
      .open_names,
    [".netrc", "config", "id_rsa", "shadow"],
  );
  const write = planOf(
    "evt.type = openat and evt.is_open_write = true and fd.num >= 0 and fd.name startswith /usr/bin/",
  );
  assert.deepEqual([write.open_names, write.write_prefixes], [[], ["/usr/bin/"]]);
  assert.deepEqual(planOf("fd.name contains '/.aws/' and evt.rawres >= 0").open_names, [".aws"]);
});

test("names in exclusions are not watched", () => {
  assert.deepEqual(planOf("fd.filename = shadow and not fd.filename = token and not fd.name in (/a/b)").open_names, [
    "shadow",
  ]);
});

test("refused starts of a program are asked for by name", () => {
  const plan = planOf(
    "(evt.type = execve and evt.rawres < 0 and basename(evt.arg.filename) in (nmap, xmrig)) or proc.name = curl",
  );
  assert.deepEqual(plan.exec_names, ["nmap", "xmrig"]);
  assert.equal(makeEvaluator(load(ruleText("proc.name = curl"))).evaluate(exec()).length, 1);
});

test("a rule that is switched off asks for nothing", () => {
  const rules = load(ruleText("fd.filename = shadow"));
  assert.deepEqual(rules.filterPlan(() => false).open_names, []);
  assert.deepEqual(rules.filterPlan().open_names, ["shadow"]);
});

test("a rule whose files cannot be told from its condition gives a warning", () => {
  const [warning] = load(ruleText("evt.type = openat and proc.name = curl")).warnings;
  assert.match(warning?.reason ?? "", /cannot pick its opens/);
  assert.deepEqual(load(ruleText("evt.type = execve and proc.name = curl")).warnings, []);
});

test("too many prefixes give way to shorter ones that still cover them", () => {
  const given = Array.from({ length: 300 }, (_, i) => `/data/${i % 20}/folder${i}/`);
  const covering = coveringPrefixes([...given, "/data/1/", "/var/log/", "x".repeat(500)]);
  assert.ok(covering.length <= 64);
  for (const one of given)
    assert.ok(
      covering.some((prefix) => one.startsWith(prefix)),
      one,
    );
  assert.ok(covering.includes("/var/log/"));
  filterPlanSchema.parse({ version: 0, open_names: [], exec_names: [], write_prefixes: covering });
});
