import { exec, question, type Task } from "./event-builder.ts";
import { testTwins } from "./twins.ts";

// No argument names what is asked for.
const client: Task = { argv: ["/app", "--config", "/etc/app.json"], exe: "/app" };
const coredns: Task = { argv: ["/coredns", "-conf", "/etc/coredns/Corefile"], exe: "/coredns" };

testTwins({
  "Threat Intelligence Test Domain": [
    {
      name: "the domain is the test's, not its owner's",
      fires: [question(client, "mdc-eicar.alerts.security.azure.com")],
      quiet: [question(client, "alerts.security.azure.com")],
    },
    {
      name: "a name below the domain is the domain, a name that ends alike is not",
      fires: [question(client, "a.b.ti-domain.atalaya.test")],
      quiet: [question(client, "not-ti-domain.atalaya.test")],
    },
    {
      name: "it is asked for, not spoken of",
      fires: [
        question(
          { argv: ["curl", "http://mdc-eicar.alerts.security.azure.com"] },
          "mdc-eicar.alerts.security.azure.com",
        ),
      ],
      quiet: [exec({ argv: ["curl", "http://mdc-eicar.alerts.security.azure.com"] })],
    },
    {
      name: "a container asks, not the host",
      fires: [question(client, "ti-domain.atalaya.test")],
      quiet: [question({ ...client, container: "host" }, "ti-domain.atalaya.test")],
    },
    {
      name: "the cluster's name server asks for others, a program that took its name does not",
      fires: [question({ ...coredns, upper: true }, "ti-domain.atalaya.test")],
      quiet: [question(coredns, "ti-domain.atalaya.test")],
    },
    {
      name: "a process that calls itself a name server is none",
      fires: [question({ ...client, name: "coredns" }, "ti-domain.atalaya.test")],
      quiet: [question({ ...coredns, name: "app" }, "ti-domain.atalaya.test")],
    },
  ],
  "Threat Intelligence Domain": [
    {
      name: "the domain is on the list",
      fires: [question(client, "www.ti-suspect.atalaya.test", 16)],
      quiet: [question(client, "ti-domain.atalaya.test", 16)],
    },
  ],
  "Mining Pool Lookup": [
    {
      name: "a pool is asked for, not a shop",
      fires: [question(client, "pool.supportxmr.com", 28)],
      quiet: [question(client, "www.supportxmr.com.example.org", 28)],
    },
  ],
  "Out-of-Band Domain Lookup": [
    {
      name: "the name lies below such a domain",
      fires: [question({ argv: ["java", "-jar", "/app.jar"] }, "c23b2la0kl1krjcrdj10cndmnioyyyyyn.oast.pro")],
      quiet: [question({ argv: ["java", "-jar", "/app.jar"] }, "c23b2la0kl1krjcrdj10cndmnioyyyyyn.roast.pro")],
    },
  ],
  "Anonymity Network Lookup": [
    {
      name: "the last label is the network's",
      fires: [question(client, "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion")],
      quiet: [question(client, "onion.example.org")],
    },
    {
      name: "a gateway of the web, not any page about onions",
      fires: [question(client, "abc.onion.ws")],
      quiet: [question(client, "abc.onions.ws")],
    },
  ],
});
