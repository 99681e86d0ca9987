import assert from "node:assert/strict";
import { test } from "node:test";
import type { WhyNode } from "@atalaya/wire";
import { falcoAlert, loadRules, makeEvaluator } from "../index.ts";
import { audit, connect, exec, load, matches, open, ruleText } from "./sample-events.ts";

const rule = (name: string, condition: string, more = "") =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n${more}`;

test("all gives every rule that matches, first the first of each pack, in the order of definition", () => {
  const text =
    rule("a", "proc.name = curl") + rule("b", "user.uid = 33") + rule("off", "user.uid = 33", "  enabled: false\n");
  const rules = loadRules([
    { path: "1", text, pack: "one" },
    { path: "2", text: rule("c", "proc.name = curl"), pack: "two" },
  ]);
  const names = (match: "all" | "first") =>
    makeEvaluator(rules, { match })
      .evaluate(exec())
      .map((one) => one.rule.name);
  assert.deepEqual(names("all"), ["a", "b", "c"]);
  assert.deepEqual(names("first"), ["a", "c"]);
});

test("a rule that is indexed by type, verb and resource sees exactly the events it can match", () => {
  const conditions = [
    "evt.type = connect",
    "evt.type in (execve, connect) and proc.name = curl",
    "not evt.type = connect",
    "proc.name = curl",
    "(evt.type = execve or fd.sport = 80)",
  ];
  for (const condition of conditions) {
    for (const event of [exec(), open(), connect()]) {
      const rules = load(ruleText(condition));
      const one = rules.compiled[0];
      assert.ok(one !== undefined);
      const indexed = makeEvaluator(rules).evaluate(event).length;
      // The same condition behind a `not not`, which the index does not look into.
      const plain = makeEvaluator(load(ruleText(`not (not (${condition}))`))).evaluate(event).length;
      assert.equal(indexed, plain, `${condition} on ${event.class}`);
    }
  }
  const audits = [
    "ka.verb in (create, get) and ka.target.resource = pods",
    "ka.verb = list or ka.target.resource = pods",
    "jevt.value[/stage] = Panic",
  ];
  for (const condition of audits) {
    for (const verb of ["create", "list", "unheard-of"]) {
      for (const resource of ["pods", "secrets", null]) {
        const event = audit({}, { verb, resource });
        const count = (text: string) =>
          makeEvaluator(load(ruleText(text, { source: "k8s_audit" }))).evaluate(event).length;
        assert.equal(count(condition), count(`not not (${condition})`), `${condition} on ${verb} ${resource}`);
      }
    }
  }
});

test("one evaluator keeps events apart: nothing of the last one is left in the next", () => {
  const evaluator = makeEvaluator(load(ruleText("tolower(proc.name) = curl")));
  const fired = [exec(), exec({ name: "wget" }), exec({ name: null }), exec({ name: "CURL" })].map(
    (event) => evaluator.evaluate(event).length,
  );
  assert.deepEqual(fired, [1, 0, 0, 1]);
});

test("why gives the condition's tree with the values, macros by name and long alternatives cut", () => {
  const many = Array.from({ length: 40 }, (_, i) => `proc.args contains never${i}`).join(" or ");
  const rules = load(
    `- macro: is_curl\n  condition: (proc.name = curl)\n${ruleText(`is_curl and not fd.name exists and (${many} or proc.args contains http)`)}`,
  );
  const [match] = makeEvaluator(rules).evaluate(exec());
  const why = match?.why();
  assert.ok(why?.children);
  assert.equal(why.kind, "and");
  assert.deepEqual(why.children[0], {
    kind: "macro",
    text: "is_curl",
    result: true,
    children: [{ kind: "leaf", text: "proc.name = curl", result: true, value: "curl" }],
  });
  assert.deepEqual(why.children[1]?.children, [{ kind: "leaf", text: "fd.name exists", result: false }]);
  const shown: WhyNode[] = why.children[2]?.children ?? [];
  assert.ok(shown.some((node) => node.result && node.value === "-s http://x"));
  assert.equal(shown.at(-1)?.text, "… 32 more, not shown");
});

test("the output names its fields, keeps their types, and says <NA> for what is missing", () => {
  const output =
    "%proc.name|%proc.pid|%proc.is_exe_memfd.|%10proc.pname|%container.name,%basename(proc.exepath) 100% %evt.type";
  const bad = load(ruleText("proc.name = curl", { output }));
  assert.match(bad.problems[0]?.reason ?? "", /%proc.is_exe_memfd\. is no field/);
  const [match] = matches("proc.name = curl", exec(), output.replace("proc.is_exe_memfd.", "proc.is_exe_from_memfd."));
  assert.equal(match?.output, "curl|4711|false.|sh        |<NA>,curl 100% execve");
  assert.deepEqual(match?.outputFields, {
    "proc.name": "curl",
    "proc.pid": 4_711,
    "proc.is_exe_from_memfd": false,
    "proc.pname": "sh",
    "container.name": null,
    "basename(proc.exepath)": "curl",
    "evt.type": "execve",
  });
});

test("the fold key holds the rule and its fold fields, and texts are rendered against the event", () => {
  const extra = '  alert:\n    title: T\n    severity: low\n    fold: ["proc.aname[2]"]\n';
  const [match] = makeEvaluator(load(ruleText("proc.name = curl", { extra }))).evaluate(exec());
  assert.equal(match?.foldKey, '["r","nginx"]');
  assert.equal(
    match?.render("%proc.name in %k8s.ns.name, 50 % of %nothing.here"),
    "curl in shop, 50 % of %nothing.here",
  );
});

test("an alert has Falco's JSON shape", () => {
  const extra =
    "  alert:\n    title: {en: A, es: B}\n    summary: '%ka.user.name did'\n    severity: low\n  tags: [z, a]\n";
  const rules = load(
    ruleText("ka.verb = create", {
      source: "k8s_audit",
      output: "user=%ka.user.name uri=%ka.uri.param[command]",
      extra,
    }),
  );
  const [match] = makeEvaluator(rules).evaluate(audit());
  assert.ok(match);
  assert.deepEqual(falcoAlert(match, "host-1"), {
    time: "2025-11-24T16:00:00.123456000Z",
    rule: "r",
    priority: "Warning",
    source: "k8s_audit",
    hostname: "host-1",
    output: "16:00:00.123456000: Warning user=ana uri=sh",
    tags: ["a", "z"],
    output_fields: {
      "evt.time.iso8601": "2025-11-24T16:00:00.123456000Z",
      "ka.user.name": "ana",
      "ka.uri.param[command]": "sh",
    },
    fold_key: '["r"]',
    alert: { title: { en: "A", es: "B" }, summary: { en: "ana did", es: "ana did" }, severity: "low", attack: [] },
  });
});

test("a long value is cut in the output, and its place is not guessed when the event has no time", () => {
  const [match] = matches(
    "proc.name = curl",
    exec({ argv: ["curl", "x".repeat(60_000)], time_us: null }),
    "%proc.args %evt.time",
  );
  assert.ok(match !== undefined && match.output.length < 9_000);
  assert.match(match.output, /… <NA>$/);
  assert.equal(falcoAlert(match, "h")["time"], null);
});
