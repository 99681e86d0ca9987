import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiEvent, FileEvent, NetworkEvent, ProcessEvent } from "@atalaya/wire";
import { audit, connect, exec, holds, open } from "./sample-events.ts";

type Sample = ProcessEvent | FileEvent | NetworkEvent | ApiEvent;

/** Each condition with the truth that it must have. */
function check(event: Sample, table: Record<string, boolean>): void {
  for (const [condition, expected] of Object.entries(table)) assert.equal(holds(condition, event), expected, condition);
}

test("a missing field makes every comparison false, and only not turns it around", () => {
  check(exec({ container_name: null }), {
    "container.name = x": false,
    "container.name != x": false,
    "not container.name = x": true,
    "container.name exists": false,
    "container.name in (x)": false,
    "not container.name in ()": true,
    "proc.duration < 5": false,
    "fd.sport != 80": false,
  });
});

test("texts are compared exactly, by case, and in the order of their characters", () => {
  check(exec(), {
    "proc.name = curl": true,
    "proc.name = Curl": false,
    "proc.name != wget": true,
    "proc.exepath startswith /usr/": true,
    "proc.exepath endswith curl": true,
    "proc.args icontains HTTP": true,
    "proc.args contains HTTP": false,
    "proc.name < d": true,
    "tolower(proc.name) = curl": true,
    "toupper(proc.name) = CURL": true,
    "basename(proc.exepath) = curl": true,
    "basename(proc.cwd) = www": false,
    "len(proc.name) = 4": true,
    "proc.name in (wget, curl)": true,
    "proc.exe = val(proc.exepath)": true,
    "proc.name = val(proc.pname)": false,
    "proc.name contains allof (c, url)": true,
    "proc.name contains anyof (x, y)": false,
    "proc.name bstartswith 6375": true,
    "proc.name bcontains ff": false,
    'concat(proc.pname, "/", proc.name) = sh/curl': true,
  });
});

test("glob stars cross slashes, pmatch goes by whole components", () => {
  check(open({ path: "/opt/dir/sub/file.txt" }), {
    "fd.name glob /opt/*": true,
    "fd.name glob '/opt/*.txt'": true,
    "fd.name glob '/opt/?ir/*'": true,
    "fd.name glob '/opt/[a-d]ir/*'": true,
    "fd.name glob '/opt/[!d]ir/*'": false,
    "fd.name iglob '/OPT/*'": true,
    "fd.name pmatch (/opt/dir)": true,
    "fd.name pmatch (/opt/di)": false,
    "fd.name pmatch (/usr, /opt/*/sub)": true,
    "fd.name pmatch (/opt/*/file.txt)": false,
  });
});

test("a regular expression must match the whole text and cannot run away", () => {
  const long = "a".repeat(20_000);
  check(exec({ argv: ["x", long] }), { "proc.args regex '(a|a)*b'": false, "proc.args regex 'a+'": true });
  check(exec(), { "proc.name regex 'ur'": false, "proc.name regex '.*ur.*'": true });
});

test("numbers are decimal or hexadecimal, booleans true or false", () => {
  check(exec(), {
    "user.uid = 33": true,
    "user.uid = 0x21": true,
    "user.uid in (1, 33)": true,
    "user.uid >= 34": false,
    "user.loginuid = -1": true,
    "proc.is_exe_upper_layer = false": true,
    "proc.is_exe_upper_layer = true": false,
    "container.privileged=FALSE": true,
  });
});

test("a system call goes by every name it may have had", () => {
  check(open(), {
    "evt.type in (open, openat, openat2)": true,
    "evt.type = openat2": true,
    "evt.type = creat": false,
    "evt.type in (open_by_handle_at)": false,
    "evt.type != open": false,
    "evt.type != connect": true,
    "evt.is_open_read = true": true,
    "evt.is_open_write = false": true,
    "evt.rawres >= 0 and fd.num >= 0 and evt.res = SUCCESS": true,
    "fd.typechar = f and fd.type = file": true,
    "fd.directory = /etc and fd.filename = shadow": true,
    "evt.dir = <": true,
  });
  check(open({ open_flags: 0o1101 }), { "evt.type = creat": true, "evt.arg.flags contains O_TRUNC": true });
  check(open({ activity: "open_failed", error: -13, path_trusted: false }), {
    "evt.res = EACCES and evt.failed = true and fd.num = -1": true,
    "evt.rawres >= 0": false,
    "fd.nameraw exists": true,
  });
});

test("a process is described as Falco does", () => {
  check(exec(), {
    'proc.cmdline = "curl -s http://x"': true,
    'proc.pcmdline = "sh -c curl"': true,
    "proc.cwd = /var/www/": true,
    "proc.aname = nginx": true,
    "proc.aname in (nginx)": true,
    "proc.aname[2] = nginx": true,
    "proc.aname[0] = curl": true,
    "proc.aname[3] exists": false,
    "proc.aname = curl": false,
    "proc.aname != nginx": true,
    "proc.aexepath endswith /nginx": true,
    "proc.pexe = /bin/sh": true,
    "thread.cap_effective contains CAP_SYS_ADMIN": true,
    "thread.cap_effective contains CAP_KILL": false,
    "container.id = 9a4f6f1d0c5e": true,
    "container.image.repository = localhost:5000/shop/web": true,
    "container.image.tag = 1.2": true,
    "container.image.digest startswith sha256": true,
  });
  check(exec({ argv: ["curl"] }), { 'proc.args = ""': true, "proc.cmdline = curl": true });
});

test("an address is compared as an address, a network by its prefix", () => {
  check(connect(), {
    'fd.sip = "169.254.169.254"': true,
    'fd.sip in ("::ffff:169.254.169.254")': true,
    'fd.ip = "10.88.0.2"': true,
    'fd.ip != "10.88.0.2"': false,
    'fd.ip != "0.0.0.0"': true,
    'fd.net = "10.0.0.0/8"': true,
    'fd.net != "127.0.0.0/8"': true,
    'fd.snet in ("10.0.0.0/8", "169.254.0.0/16")': true,
    'fd.snet in ("fe80::/10")': false,
    'fd.snet != "fe80::/10"': true,
    "fd.port = 41000 and fd.sport = 80 and fd.cport = 41000": true,
    "fd.typechar = 4 and fd.l4proto = tcp": true,
    'fd.name = "10.88.0.2:41000->169.254.169.254:80"': true,
  });
  check(connect({ dst_ip: "fd00:ec2:0:0::254", src_ip: null }), {
    'fd.rip = "fd00:ec2::254"': true,
    "fd.typechar = 6": true,
  });
});

test("a list field needs every value for in, one for intersects, and is missing when it is empty", () => {
  const containers = (...images: string[]) =>
    audit({ requestObject: { spec: { containers: images.map((image) => ({ image })) } } });
  check(containers("docker.io/a:1", "docker.io/b:2"), {
    "ka.req.pod.containers.image.repository in (docker.io/a, docker.io/b)": true,
    "ka.req.pod.containers.image.repository in (docker.io/a)": false,
    "ka.req.pod.containers.image.repository intersects (docker.io/a)": true,
    "ka.req.pod.containers.image[1] = docker.io/b:2": true,
    "ka.req.pod.containers.privileged exists": false,
    "ka.req.pod.containers.privileged in (true)": false,
  });
  check(containers(), { "ka.req.pod.containers.image in (a)": false, "ka.req.pod.containers.image exists": false });
});

test("audit fields are texts: numbers and booleans too, and other values are compact JSON", () => {
  const spec = { hostNetwork: true, volumes: [{ name: "v", hostPath: { path: "/etc" } }], tls: null };
  const rules = [{ verbs: ["get", "*"], resources: ["pods"] }, { resources: ["secrets"] }];
  check(audit({ requestObject: { spec, rules, data: { password: "x" } }, impersonatedUser: { username: "root" } }), {
    "ka.response.code startswith 2": true,
    "ka.req.pod.host_network intersects (true)": true,
    "ka.req.pod.volumes.hostpath intersects (/proc, /etc)": true,
    "ka.req.volume.hostpath[/et*] = true": true,
    "jevt.value[/requestObject/spec/hostNetwork] = true": true,
    'jevt.value[/requestObject/spec/volumes/0] contains "hostPath"': true,
    "jevt.value[/requestObject/spec/tls] = null": true,
    "jevt.value[/requestObject/spec/none] exists": false,
    "jevt.rawtime exists and not jevt.rawtime = 0": true,
    "ka.auth.decision = allow": true,
    "ka.uri.param[command] = sh": true,
    "ka.req.configmap.obj contains password": true,
    "ka.req.role.rules.verbs intersects (*)": true,
    "ka.req.role.rules.resources intersects (secrets)": true,
    "ka.user.groups intersects (dev)": true,
    "ka.sourceips intersects (192.0.2.17)": true,
    "ka.impuser.name = root": true,
    "ka.target.subresource exists": false,
  });
});

test("a strange record makes fields missing and nothing worse", () => {
  for (const record of [
    "",
    "{",
    "null",
    "[]",
    '"x"',
    '{"requestObject":{"spec":{"containers":[null,1,{}]}}}',
    "[".repeat(100_000),
  ]) {
    const event = audit({}, { record });
    assert.equal(holds("ka.req.pod.containers.image exists or ka.uri exists", event), false, record.slice(0, 20));
  }
  check(audit({}, { record: '{"__proto__":{"x":1},"requestURI":"/a?b=%zz&c=%ff"}' }), {
    "jevt.value[/__proto__/x] = 1": true,
    "jevt.value[/constructor] exists": false,
    "ka.uri.param[b] exists": false,
    "ka.uri.param[c] exists": true,
  });
});
