// The property of filter-plan.test.ts for what the kernel tells only where a rule speaks of it: changes of names and modes, rare
// calls, what is done with sockets, moves between control groups, answers, mapped files. Few files and narrow rules, so that
// many events match and few are asked for by another rule.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AtalayaEvent, blankEvent, type FileEvent, filterPlanSchema, type KernelEvent } from "@atalaya/wire";
import fc from "fast-check";
import { letsThrough, makeEvaluator } from "../index.ts";
import { connect, exec, load, open, question, ruleText } from "./sample-events.ts";

const part = fc.constantFrom("etc", "shadow", "x");
const path = fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => `/${parts.join("/")}`);
const actor = { time_us: 1_764_000_000_000_000, pid: 42, uid: 33, name: "curl" };

const change: fc.Arbitrary<AtalayaEvent> = fc
  .record({
    activity: fc.constantFrom<FileEvent["activity"][]>(
      ...(["rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "chattr"] as const),
    ),
    path: fc.oneof({ weight: 9, arbitrary: path }, { weight: 1, arbitrary: path.map((one) => `${one}/`) }),
    other: fc.oneof(
      path,
      path.map((one) => `..${one}`),
    ),
    error: fc.constantFrom(0, 0, 0, -1, -13),
    path_trusted: fc.boolean(),
    mode: fc.constantFrom(0o755, 0o4755, 0o2711, 0),
    change_flags: fc.constantFrom(0, 0x10),
  })
  .map(({ activity, other, mode, change_flags, path_trusted, ...rest }) => ({
    ...blankEvent("file"),
    ...actor,
    ...rest,
    activity,
    other_path: activity === "rename" || activity === "link" || activity === "symlink" ? other : null,
    mode: activity === "chmod" || activity === "mkdir" ? mode : null,
    change_flags: activity === "chattr" ? change_flags : null,
    path_trusted: (activity === "chmod" || activity === "chattr") && path_trusted,
  }));

const call: fc.Arbitrary<AtalayaEvent> = fc
  .constantFrom<Partial<KernelEvent>[]>(
    { activity: "ptrace", target: "PTRACE_ATTACH", target_pid: 7 },
    { activity: "setresuid", target: "0" },
    { activity: "setuid", target: "1000" },
    { activity: "kill", target: "SIGKILL", target_pid: 7 },
    { activity: "memfd_create", target: "x" },
    { activity: "mount", target: "/etc" },
    { activity: "bpf", target: "BPF_PROG_LOAD" },
    { activity: "proc_mem_open", target: "/proc/7/mem", target_pid: 7 },
    { activity: "setns", target: "CLONE_NEWNET" },
  )
  .map((over) => ({ ...blankEvent("kernel"), ...actor, ...over }));

const socket: fc.Arbitrary<AtalayaEvent> = fc.constantFrom(
  connect({ activity: "bind", src_ip: "0.0.0.0", src_port: 4444, dst_ip: null, dst_port: null, socket: [2, 1, 6] }),
  connect({ activity: "accept", dst_port: 80, socket: [2, 1, 6], fd: 4 }),
  connect({ activity: "socket", dst_ip: null, dst_port: null, protocol: null, socket: [17, 3, 768], fd: 3 }),
);

const drawn: fc.Arbitrary<AtalayaEvent> = fc.oneof(
  { weight: 4, arbitrary: change },
  { weight: 2, arbitrary: call },
  { weight: 1, arbitrary: socket },
  {
    weight: 1,
    arbitrary: fc
      .boolean()
      .map((left_container) =>
        exec({ activity: "cgroup_move", filename: null, cgroup_path: "/init.scope", left_container, mover_pid: 7 }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("a.example", "b.a.example", "other")
      .map((name) => question(name, { activity: "answer", answers: ["b.example"] })),
  },
  {
    weight: 1,
    arbitrary: path.map((one) => open({ activity: "map", path: one, open_flags: null, upper_layer: true })),
  },
);

const changes = [
  "evt.type in (rename, renameat, renameat2)",
  "evt.type in (link, linkat)",
  "evt.type in (symlink, symlinkat)",
  "evt.type in (unlink, unlinkat)",
  "evt.type in (rmdir, unlink, unlinkat)",
  "evt.type in (mkdir, mkdirat)",
  "evt.type in (chmod, fchmod, fchmodat)",
  "evt.type = chattr",
  "evt.type = unlinkat",
];
const fields = [
  ...["evt.arg.path", "evt.arg.name", "evt.arg.filename", "evt.arg.oldpath", "evt.arg.newpath", "evt.arg.target"],
  ...["evt.arg.linkpath", "fs.path.name", "fs.path.source", "fs.path.target", "fd.name"],
];
const comparison = fc
  .tuple(fc.constantFrom(...fields), path)
  .chain(([field, one]) =>
    fc.constantFrom(
      `${field} = ${one}`,
      `${field} in (${one}, /x)`,
      `${field} startswith ${one}`,
      `${field} endswith ${one}`,
      `${field} endswith '${one.slice(2)}'`,
      `${field} contains ${one}`,
      `${field} glob '*${one.slice(-2)}'`,
      `${field} pmatch (${one}, /bin)`,
      `basename(${field}) = ${one.slice(one.lastIndexOf("/") + 1)}`,
      `${field} != ${one}`,
      `${field} exists`,
    ),
  );
const modes = fc.constantFrom(
  "evt.arg.mode contains S_ISUID",
  "(evt.arg.mode contains S_ISUID or evt.arg.mode contains S_ISGID)",
  "evt.arg.mode contains S_IXUSR",
  "evt.arg.mode exists",
);
/** Where a symbolic link leads is seen from where it lies: what is written there says little. */
const pointed = path.map((one) => `evt.type = symlink and fs.path.target startswith ${one}`);
const negatable = fc.constantFrom("", "", "not ");

/** Conditions that mean such events, most of them in a way that the plan can make narrow. */
const condition: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: comparison },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...changes), negatable, fc.oneof({ weight: 3, arbitrary: comparison }, modes))
      .map(([type, not, one]) => `(${type} and ${not}${one})`),
  },
  { weight: 1, arbitrary: fc.constantFrom(...changes) },
  { weight: 1, arbitrary: pointed },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "evt.type = ptrace and evt.arg.request = PTRACE_ATTACH",
      "evt.type in (setuid, setresuid) and evt.arg.uid = 0",
      "evt.type = setreuid",
      "evt.type in (kill, rt_sigqueueinfo) and evt.arg.sig = SIGKILL",
      "evt.type in (memfd_create, bpf)",
      "evt.type = mount and evt.arg.dir startswith /etc",
      "evt.type = proc_mem_open",
      "evt.type = setns and evt.arg.nstype contains CLONE_NEWNET",
      "evt.type in (bind, accept, accept4)",
      "evt.type = bind and fd.lport = 4444",
      "evt.type = socket and evt.arg.domain = AF_PACKET",
      "evt.type = cgroup_move and evt.arg.left_container = true",
      "evt.type = dns_answer and dns.question.domains in (a.example)",
      "dns.answers.data = b.example",
      "evt.type in (mmap, mprotect) and fd.is_upper_layer = true",
      "evt.type = mmap and fd.name startswith /bin",
    ),
  },
);

/** Of the host nothing is known but that. */
const place = fc.constantFrom({ container_id: "host" }, { container_id: "0123456789ab", container_name: "web" });
const event = fc.tuple(drawn, place).map(([one, where]) => ({ ...one, ...where }) as AtalayaEvent);

const whole = fc.oneof(
  { weight: 4, arbitrary: condition },
  fc.tuple(condition, condition).map(([a, b]) => `(${a} or ${b})`),
  fc.tuple(condition, condition).map(([a, b]) => `(${a} and ${b})`),
  fc.tuple(condition, condition).map(([a, b]) => `(${a} and not ${b})`),
  condition.map((one) => `(${one} and container.id != host)`),
);

test("what a rule about calls and changes matches is never filtered out", () => {
  const tried = new Map<string, number>();
  let dropped = 0;
  fc.assert(
    fc.property(whole, fc.array(event, { minLength: 20, maxLength: 60 }), (text, events) => {
      const rules = load(ruleText(text));
      assert.deepEqual(rules.problems, [], text);
      const plan = filterPlanSchema.parse(rules.filterPlan());
      const evaluator = makeEvaluator(rules);
      for (const one of events) {
        const passes = letsThrough(plan, one);
        if (!passes) dropped += 1;
        if (evaluator.evaluate(one).length === 0) continue;
        const kind = `${one.class}.${one.activity}`;
        tried.set(kind, (tried.get(kind) ?? 0) + 1);
        assert.ok(passes, `${text}\n${JSON.stringify(one)}\n${JSON.stringify(plan)}`);
      }
    }),
    { numRuns: 3_000 },
  );
  const changed = ["rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "chattr", "map"];
  const rare = ["ptrace", "setresuid", "kill", "memfd_create", "mount", "bpf", "setns", "proc_mem_open"];
  const others = ["network.bind", "network.accept", "network.socket", "process.cgroup_move", "dns.answer"];
  for (const kind of [...changed.map((one) => `file.${one}`), ...rare.map((one) => `kernel.${one}`), ...others])
    assert.ok((tried.get(kind) ?? 0) > 5, `${kind} was matched ${tried.get(kind)} times`);
  assert.ok(dropped > 5_000, `the filter dropped ${dropped} events`);
});
