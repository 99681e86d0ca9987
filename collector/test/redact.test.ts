import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { redactArgv, redactedMark, redactText } from "../src/redact.ts";

const marker = "M4rk3rS3cr3tV4lue";
/** Each holds the marker where a secret stands. */
const withSecret: string[][] = [
  ["curl", "-H", `Authorization: Bearer ${marker}`, "https://hub/"],
  ["curl", "-H", `authorization: Basic ${marker}==`, "https://hub/"],
  ["curl", "-H", `X-Vault-Token: ${marker}`, "http://vault:8200/"],
  ["curl", "-H", `PRIVATE-TOKEN:${marker}`],
  ["curl", "-H", `Cookie: a=b; session=${marker}`],
  ["curl", "-u", `bob:${marker}`, "https://hub/"],
  ["curl", `-ubob:${marker}`, "https://hub/"],
  ["curl", `--user=bob:${marker}`],
  ["/usr/bin/curl", "--oauth2-bearer", marker],
  ["curl", `https://bob:${marker}@example.com/x`],
  ["curl", `https://example.com/?access_token=${marker}&page=2`],
  ["git", "clone", `https://ghp_${marker}1234567@github.com/a/b`],
  ["wget", `--password=${marker}`, "--user=bob"],
  ["tool", "--password", marker],
  ["tool", "--api-key", marker],
  ["tool", "-client-secret", marker],
  ["mysql", "-uroot", `-p${marker}`],
  ["mariadb", `--password=${marker}`],
  ["sshpass", "-p", marker, "ssh", "host"],
  ["sshpass", `-p${marker}`, "ssh", "host"],
  ["redis-cli", "-a", marker, "keys", "*"],
  ["docker", "login", "-u", "bob", "-p", marker],
  ["env", `PASSWORD=${marker}`, "run"],
  ["env", `DB_PASSWORD=${marker}`, `AWS_SECRET_ACCESS_KEY=${marker}`, "run"],
  ["tool", `{"user":"bob","password":"${marker}"}`],
  ["tool", `password: "${marker} with a space"`],
  ["sh", "-c", `mysql -u root -p${marker} -e 'select 1'`],
  ["sh", "-c", `curl -s -u bob:${marker} http://x/ | sh`],
  ["sh", "-c", `sshpass -p ${marker} ssh host`],
  ["sh", "-c", `TOKEN=${marker} exec tool --token ${marker}`],
  ["sh", "-c", `export API_KEY="${marker}"; run`],
  ["openssl", "enc", "-pass", `pass:${marker}`],
  ["kubectl", "create", "secret", "generic", "x", `--from-literal=k=${marker}`],
  ["kubectl", "create", "secret", "generic", "x", "--from-literal", `k=${marker}`],
  ["tool", `-----BEGIN RSA PRIVATE KEY-----\n${marker}\n-----END RSA PRIVATE KEY-----`],
  ["tool", `-----BEGIN PRIVATE KEY-----\n${marker}`],
  ["tool", `eyJhbGciOiJIUzI1NiJ9.${marker}.${marker}`],
  ["ldapsearch", "-w", marker],
  ["smbclient", "-U", `bob%${marker}`],
];

/** Evidence that rules read: nothing in it may change. */
const evidence: string[][] = [
  ["cat", "/etc/passwd", "/etc/shadow"],
  ["cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"],
  ["sh", "-c", "TOKEN=$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"],
  ["sh", "-c", 'curl -H "Authorization: Bearer $TOKEN" https://kubernetes.default.svc/api'],
  ["kubectl", "get", "secrets", "-o", "json"],
  ["docker", "run", "-v", "/etc/passwd:/etc/passwd:ro", "-p", "8080:80", "nginx"].slice(0, 4),
  ["xmrig", "-o", "stratum+tcp://pool.example.com:3333", "-u", "wallet", "--donate-level", "1"],
  ["tool", "--token-file=/run/secrets/token", "--password-file", "/run/secrets/p"],
  ["bash", "-i"],
  ["env", "PWD=/root", "OLDPWD=/tmp", "HOME=/root"],
  ["nmap", "-p", "22,80", "10.0.0.0/8"],
  ["ssh", "-p", "2222", "host"],
  ["sysctl", "-w", "vm.nr_hugepages=128"],
  ["curl", "-u", "bob", "-o", "/tmp/x", "http://10.0.0.1:8080/latest/meta-data/"],
];

/** Processor time of this process: others that are busy do not count. */
const cpuMs = (): number => process.cpuUsage().user / 1_000;

describe("redaction", () => {
  for (const argv of withSecret) {
    test(`the secret is gone from ${argv.join(" ").replaceAll(marker, "…").replaceAll("\n", " ")}`, () => {
      const clean = redactArgv(argv);
      assert.ok(!clean.argv.join("\n").includes(marker), clean.argv.join(" "));
      assert.ok(clean.argv.join(" ").includes(redactedMark));
      assert.ok(clean.redacted > 0);
      assert.equal(clean.argv[0], argv[0]);
    });
  }

  for (const argv of evidence) {
    test(`evidence stays: ${argv.join(" ")}`, () => {
      assert.deepEqual(redactArgv(argv), { argv, redacted: 0 });
    });
  }

  test("keys of clouds and forges are known by their shape", () => {
    for (const key of [
      "AKIAIOSFODNN7EXAMPLE",
      `glpat-${"a".repeat(20)}`,
      `xoxb-${"1".repeat(12)}`,
      `hvs.${"b".repeat(24)}`,
    ]) {
      assert.equal(redactText(`use ${key} now`), `use ${redactedMark} now`);
    }
  });

  test("base64 blobs stay, whatever they hold", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const blob = Buffer.from(bytes).toString("base64");
        assert.deepEqual(redactArgv(["sh", "-c", `echo ${blob}|base64 -d|sh`]).argv[2], `echo ${blob}|base64 -d|sh`);
      }),
    );
  });

  test("a secret of any letters is gone, wherever it stands in a command line", () => {
    const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/_.~!#%^*?".split("");
    const secret = fc
      .array(fc.constantFrom(...letters), { minLength: 12, maxLength: 60 })
      .map((parts) => `Z${parts.join("")}9`)
      .filter((text) => !/[/?#@]/.test(text));
    const before = fc.array(fc.constantFrom("-v", "--retry", "3", "x.txt", "-o"), { maxLength: 4 });
    fc.assert(
      fc.property(secret, before, fc.constantFrom(...withSecret), (value, extra, template) => {
        const [program = "", ...rest] = template;
        if (value.includes("%") && program === "smbclient") return;
        const argv = [program, ...extra, ...rest.map((one) => one.replaceAll(marker, value))];
        // A JWT and a token in an address have letters of their own.
        if (argv.some((one) => /eyJ|ghp_/.test(one)) && !/^[A-Za-z0-9_-]+$/.test(value)) return;
        const clean = redactArgv(argv);
        assert.ok(!clean.argv.join("\n").includes(value), clean.argv.join(" "));
      }),
      { numRuns: 2_000 },
    );
  });

  test("what is clean stays as it is when it is cleaned again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 60 }), { maxLength: 8 }),
        fc.constantFrom(...withSecret),
        (extra, argv) => {
          const once = redactArgv([...argv, ...extra]).argv;
          assert.deepEqual(redactArgv(once).argv, once);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("no argument list makes it throw, and 64 KiB of hostile text costs it less than 300 ms of processor time", () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: "binary", maxLength: 200 })), (argv) => void redactArgv(argv)));
    const size = 65_000;
    const hostile = [
      "a".repeat(size),
      "password".repeat(size / 8),
      "token=".repeat(size / 6),
      "eyJa.".repeat(size / 5),
      "mysql -p ".repeat(size / 9),
      "http://a:".repeat(size / 9),
      "-----BEGIN PRIVATE KEY-----".repeat(size / 27),
      "authorization: ".repeat(size / 15),
      randomBytes(size / 2).toString("hex"),
      `${" -u a".repeat(size / 5)} curl`,
    ];
    for (const text of hostile) {
      const start = cpuMs();
      redactArgv(["sh", "-c", text]);
      const took = cpuMs() - start;
      assert.ok(took < 300, `${text.slice(0, 20)}… took ${took} ms`);
    }
  });
});
