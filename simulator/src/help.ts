import { limits } from "./limits.ts";

export const help = `Usage: atalaya simulate [SCENARIO]... [options]
       atalaya simulate --local [SCENARIO]... [options]

Attacks a web server of its own, harmlessly and with real techniques, and waits for the alert that each attack must
raise. On a cluster (the one of kubectl's current context) attacker and victim are two pods in a namespace of their own,
put there by Helm; with --local they are containers on this machine, in a network without a way out. Everything is
removed at the end.

Scenarios (without one there is a menu; with --local all):
  recon         reads the service account's token, asks what it may do, scans the network
  lateral-mov   asks the cloud's metadata service for credentials
  secrets       searches for credentials in files and variables, and reads them
  crypto        tunes the processor, prepares a rootkit's place, downloads and runs a "miner"
  webshell      gives one order through a web shell
  ti-domain     asks for a domain that threat intelligence knows
  all           all of them

  --timeout SECONDS  how long an alert may take (default ${limits.alertMs / 1000})
  --json             one object a line: {scenario, alert, status, seconds, alert_id}
  --junit FILE       also writes the results as JUnit XML
  --keep             leaves attacker and victim for a look; the next run removes them
  --data DIR         the hub of this data folder (default: of atalaya login, else of this machine)
  --listen HOST:PORT scores another product, without a hub: takes its alerts by POST in Falco's JSON shape
  --mapping FILE     which of its rules count as which alert (default: Falco's own rules; simulator/README.md)

On a cluster (kubectl and Helm are needed):
  --kubeconfig FILE  --context NAME     which cluster
  --node NAME        where both pods run (default: the first node that a sensor watches)
  --image NAME:TAG   attacker's and victim's image, where the nodes can pull it
  --chart DIR        the chart atalaya-simulation (default: the one that came with this command)
  --values FILE      more values for it; can be repeated
  --without-audit    the cluster's audit log is not connected: do not expect the alert that comes from it
  --no-metadata-stand-in  asks the node's own metadata service; on a cloud it hands out a real token to the victim

With --local (root is needed):
  --runtime NAME     runc (default) or containerd
  --cache DIR        where the victim's root is kept between runs

Exit status: 0 every alert came, 1 one was missed or an attack had no effect, 2 unusable arguments, 130 after Ctrl-C.

Examples:
  atalaya simulate
  atalaya simulate all --junit simulation.xml
  atalaya simulate crypto --context staging --image images.example/atalaya-simulation:0.1.0
  atalaya simulate --local crypto webshell --runtime containerd
  atalaya simulate all --listen 0.0.0.0:2801`;
