import assert from "node:assert/strict";
import { test } from "node:test";
import { type AtalayaEvent, filterPlanSchema, type NetworkEvent } from "@atalaya/wire";
import fc from "fast-check";
import { letsThrough, loadRules, type Match, makeEvaluator } from "../index.ts";
import { coveringPrefixes } from "../src/plan/filter-plan.ts";
import { connect, exec, load, open, question, ruleText } from "./sample-events.ts";

const part = fc.constantFrom("etc", "shadow", ".ssh", "id_rsa", "bin", "x");
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);

/** What the kernel is asked for by name alone: drawn often, since few other conditions match these events. */
const seldomMatched = fc.constantFrom(
  "evt.type = execve and evt.rawres < 0 and basename(evt.arg.filename) in (x, shadow)",
  "evt.type = execve and evt.arg.filename = /bin/shadow",
  "evt.type in (dup, dup2, dup3) and evt.rawres in (0, 1, 2)",
  "evt.type in (listen, accept4)",
  "evt.type = connect and fd.sockfamily = unix and fd.name endswith /docker.sock",
  "evt.type = dns_query and dns.question.domains in (a.example)",
);

const leaf = fc.oneof(
  { weight: 3, arbitrary: fc.constant("container.id != host") },
  { weight: 7, arbitrary: seldomMatched },
  path.map((one) => `fd.name = ${one}`),
  path.map((one) => `fd.name startswith ${one}`),
  path.map((one) => `fd.name endswith ${one}`),
  path.map((one) => `fd.name endswith '${one.slice(2)}'`),
  path.map((one) => `fd.name icontains ${one.toUpperCase()}`),
  path.map((one) => `fd.name != ${one}`),
  path.map((one) => `fd.name glob '*${one.slice(-2)}'`),
  path.map((one) => `fd.name contains '${one.slice(3)}'`),
  path.map((one) => `fd.name contains ${one}/`),
  path.map((one) => `fd.name pmatch (${one}, /bin)`),
  path.map((one) => `fd.name glob ${one}/*`),
  path.map((one) => `fd.name glob '/*${one}'`),
  path.map((one) => `fd.directory = ${one}`),
  path.map((one) => `fd.directory startswith ${one}`),
  part.map((one) => `fd.filename in (${one}, passwd)`),
  part.map((one) => `basename(fd.name) = ${one}`),
  part.map((one) => `fd.filename startswith ${one.slice(0, 2)}`),
  fc.constantFrom("evt.type in (recvfrom, recvmsg)", "(evt.type = connect and evt.failed = true)"),
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
    "evt.res in (EINPROGRESS, EACCES)",
    "evt.arg.flags contains O_WRONLY",
    "proc.name = curl",
    "proc.name = wget",
    "container.id = host",
    "container.name in (host, web)",
    "container.image.repository exists",
    "k8s.ns.name = shop",
    "container.privileged = true",
    "fd.sport = 80",
    "fd.rport in (443, 0x1bb)",
    "fd.port = 53",
    "fd.cport = 80",
    "fd.sip = 10.0.0.0/8",
    "fd.l4proto = tcp",
    "evt.type in (connect, sendto)",
    "evt.type = sendmsg",
    "evt.type != sendto",
    "evt.type = unshare",
    "evt.arg.filename = /bin/shadow",
    "basename(evt.arg.filename) in (x, shadow)",
    "evt.arg.filename startswith /etc",
    "fd.nameraw exists",
    "fd.name exists",
    "fd.is_upper_layer = true",
    "some_files",
    "fd.name in (some_names, /etc/x)",
    "fd.name = /",
    "fd.filename glob '*ow'",
    "fd.filename endswith rsa",
    "fd.name regex '^/etc/.*w$'",
    "dns.question.domains in (a.example)",
    "dns.question.name = xa.example",
    "evt.type = dns_query",
    "evt.type in (dup, dup2, dup3)",
    "evt.type = listen",
    "evt.type = connect",
    "evt.rawres in (0, 1)",
    "fd.sockfamily = unix",
    "fd.name endswith /docker.sock",
    "fd.type in (ipv4, ipv6)",
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

function unixConnect(path: string): NetworkEvent {
  const noAddress = { protocol: null, src_ip: null, src_port: null, dst_ip: null, dst_port: null };
  return connect({ ...noAddress, socket: [1, 1, 0], path });
}

/** Of the host nothing is known but that. */
const place = fc.constantFrom(
  { container_id: "host", container_image: null, container_privileged: null, k8s_namespace: null },
  { container_id: "0123456789ab", container_name: "web" },
);

const port = fc.constantFrom(53, 80, 443, 8_443);
const anywhere: fc.Arbitrary<AtalayaEvent> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      connect({ activity: "dup", fd: 0, socket: [2, 1, 6] }),
      connect({ activity: "dup", fd: 2, socket: [10, 1, 6], dst_ip: "2001:db8::1" }),
      connect({ activity: "connect_failed", error: -111, socket: [2, 1, 6] }),
      connect({ activity: "receive", protocol: "udp", src_port: 53, dst_port: 41_000 }),
      connect({ activity: "receive", protocol: "udp", src_port: 41_000, dst_port: 53, dst_ip: null }),
      connect({ activity: "connect_failed", error: -13, dst_port: 443, socket: [10, 1, 6] }),
      connect({ activity: "listen", src_ip: null, src_port: null, socket: [2, 1, 6] }),
      unixConnect("/run/docker.sock"),
      unixConnect("/run/other.sock"),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        path,
        open_flags: fc.constantFrom(0, 1, 2, 0o1101, 0o101),
        error: fc.constantFrom(0, -2, -13),
        upper_layer: fc.boolean(),
      })
      .map(({ error, ...rest }) =>
        error === 0 ? open(rest) : open({ ...rest, activity: "open_failed", error, path_trusted: false }),
      ),
  },
  fc
    .record({ dst_port: port, protocol: fc.constantFrom("tcp", "udp"), activity: fc.constantFrom("connect", "send") })
    .map((over) => connect(over as Partial<NetworkEvent>)),
  fc
    .record({ filename: fc.oneof(path, fc.constant("/bin/shadow")), error: fc.constantFrom(0, -2) })
    .map(({ filename, error }) => exec(error === 0 ? { filename } : { filename, error, activity: "exec_failed" })),
  fc.constantFrom("a.example", "b.a.example", "example", "xa.example").map((name) => question(name)),
  fc.constant(exec({ activity: "namespace" })),
);

const event = fc.tuple(anywhere, place).map(([one, where]) => ({ ...one, ...where }) as AtalayaEvent);

/** A rule file of one to three rules over the conditions, with a list, a macro and exceptions of which it makes use. */
const ruleFile = fc
  .tuple(fc.array(condition, { minLength: 1, maxLength: 3 }), condition, fc.array(part, { maxLength: 2 }))
  .map(([conditions, macro, spared]) => {
    const head = [
      "- list: some_names",
      "  items: [shadow, id_rsa]",
      "- macro: some_files",
      `  condition: fd.filename in (some_names)`,
      "- macro: drawn",
      `  condition: ${JSON.stringify(macro)}`,
    ];
    const rules = conditions.flatMap((text, i) => [
      `- rule: r${i}`,
      "  desc: d",
      `  condition: ${JSON.stringify(i === 1 ? `${text} and not drawn` : text)}`,
      "  output: o",
      "  priority: NOTICE",
      ...(spared.length === 0
        ? []
        : [
            "  exceptions:",
            "    - name: spared",
            "      fields: [fd.filename]",
            "      comps: [in]",
            `      values: [[[${spared.join(", ")}]]]`,
          ]),
    ]);
    return [...head, ...rules].join("\n");
  });

const names = (matches: readonly Match[]) => matches.map((one) => one.rule.name);

test("what a rule matches is never filtered out: with the filter the matches are the same as without", () => {
  const tried = new Map<string, number>();
  let [dropped, ofHost] = [0, 0];
  fc.assert(
    fc.property(ruleFile, fc.array(event, { minLength: 5, maxLength: 20 }), (text, events) => {
      const rules = loadRules([{ path: "drawn.yaml", text, pack: "drawn" }]);
      assert.deepEqual(rules.problems, [], text);
      const plan = filterPlanSchema.parse(rules.filterPlan());
      const evaluator = makeEvaluator(rules);
      for (const one of events) {
        const matched = names(evaluator.evaluate(one));
        const passes = letsThrough(plan, one);
        if (!passes) dropped += 1;
        if (!passes && letsThrough({ ...plan, containers_only: [] }, one)) ofHost += 1;
        if (matched.length === 0) continue;
        tried.set(`${one.class}.${one.activity}`, (tried.get(`${one.class}.${one.activity}`) ?? 0) + 1);
        assert.ok(passes, `${text}\n${JSON.stringify(one)}\n${JSON.stringify(plan)}`);
      }
    }),
    { numRuns: 3_000 },
  );
  const always = [
    "file.open",
    "file.open_failed",
    "network.connect",
    "network.send",
    "process.exec_failed",
    "dns.query",
  ];
  for (const kind of [...always, "network.dup", "network.listen", "network.connect_failed", "network.receive"])
    assert.ok((tried.get(kind) ?? 0) > 20, `${kind} was matched ${tried.get(kind)} times`);
  assert.ok(dropped > 5_000, `the filter dropped ${dropped} events`);
  assert.ok(ofHost > 100, `${ofHost} of them because they were the host's`);
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

test("calls on sockets are asked for by the rules that speak of them, sockets that are files by their names", () => {
  const asked = (text: string) => {
    const { calls, socket_names, connect_ports } = planOf(text);
    return [calls, socket_names, connect_ports];
  };
  assert.deepEqual(asked("proc.name = curl")[0], []);
  assert.deepEqual(asked("evt.type in (accept, accept4, listen)")[0], ["accept", "listen"]);
  assert.deepEqual(asked("evt.type in (dup, dup2) and evt.rawres in (0, 1, 2)")[0], ["dup"]);
  assert.deepEqual(asked("evt.type in (dup, dup2) and evt.rawres > 2")[0], []);
  assert.deepEqual(asked("evt.type = connect and fd.sockfamily = unix and fd.name endswith /docker.sock"), [
    [],
    ["docker.sock"],
    [],
  ]);
  assert.deepEqual(asked("evt.type = connect and fd.sport = 80"), [[], [], [80]]);
  assert.deepEqual(asked("evt.type = connect and fd.sockfamily = unix"), [["unix_connect"], [], []]);
});

test("what every rule asks of containers alone is not asked of the host, however that is said", () => {
  const asked = (...conditions: string[]) =>
    load(conditions.map((one, i) => ruleText(one).replace("rule: r", `rule: r${i}`)).join("\n")).filterPlan()
      .containers_only;
  const opens = "evt.type = openat and evt.rawres >= 0 and fd.filename = shadow";
  for (const place of [
    "container.id != host",
    "not container.id = host",
    "container.image.repository = nginx",
    "container.name exists and not container.name in (host)",
    "k8s.ns.name startswith shop",
    "(container.privileged = true or (container.id != host and proc.name = sh))",
  ])
    assert.deepEqual(asked(`${opens} and ${place}`), ["file.open"], place);
  for (const place of ["container.id = host", "not k8s.ns.name = shop", "proc.name = container.name", "proc.name = sh"])
    assert.deepEqual(asked(`${opens} and ${place}`), [], place);
  assert.deepEqual(asked(`${opens} and container.id != host`, `${opens} and user.uid = 0`), []);
  assert.deepEqual(asked("evt.type in (setns, cgroup_move, dns_query) and container.id != host"), ["kernel.setns"]);
});

test("a rule that is switched off asks for nothing", () => {
  const rules = load(ruleText("fd.filename = shadow"));
  assert.deepEqual(rules.filterPlan(() => false).open_names, []);
  assert.deepEqual(rules.filterPlan().open_names, ["shadow"]);
});

test("a rule whose files cannot be told from its condition gives a warning", () => {
  const [warning] = load(ruleText("evt.type = openat and proc.name = curl")).warnings;
  assert.match(
    warning?.reason ?? "",
    /asks the kernel for every open: `evt.type = openat and proc.name = curl` says nothing/,
  );
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
