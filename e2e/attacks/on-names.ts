import { type Attack, pair, type Route } from "./attack.ts";
import type { nameFiles } from "./names.ts";

// Nothing answers there: the question alone is what is looked for. The names lie in files; only the first pair has its
// name in an argument, as the published simulation does.

const ask = (file: keyof typeof nameFiles): Route => ({ exec: ["/opt/probe", "/opt/ask.pl", `/opt/names/${file}`] });
const curl = (name: string): Route => ({
  page: ["curl", "-s", "-m", "10", "-X", "POST", `http://${name}?SendingData`],
});

export const onNames: Attack[] = [
  ...pair(
    "Threat Intelligence Test Domain",
    "curl",
    curl("mdc-eicar.alerts.security.azure.com"),
    curl("alerts.security.azure.com"),
  ),
  ...pair("Threat Intelligence Test Domain", "renamed-client", ask("test-domain"), ask("domain-above")),
  ...pair("Threat Intelligence Domain", "renamed-client", ask("suspect"), ask("test-network")),
  ...pair("Mining Pool Lookup", "renamed-client", ask("pool"), ask("pool-of-cars")),
  ...pair("Out-of-Band Domain Lookup", "renamed-client", ask("out-of-band"), ask("in-band")),
  ...pair("Anonymity Network Lookup", "renamed-client", ask("onion"), ask("onion-shop")),
];
