import { benchFiftyNodes } from "../../hub/bench/fifty-nodes.ts";
import { LimitedGroup } from "./limited-group.ts";
import { type Measure, quantile } from "./measure.ts";

const gibibyte = 1024 ** 3;

export const hub: Measure = {
  name: "hub",
  what: "the hub in 1 CPU and 1 GiB: 2,500 events/s of fifty nodes, ten times that, and the same sent again and again",
  async run(say, { seconds = 20 }) {
    const group = new LimitedGroup(`atalaya-hub-${process.pid}`, gibibyte, 1);
    try {
      const cpuUs: number[] = [];
      const marksMs: number[] = [];
      const mark = () => {
        cpuUs.push(group.figures().cpuUs);
        marksMs.push(performance.now());
      };
      const { steady, flood, storm, committed, ended } = await benchFiftyNodes({
        enter: group.enter,
        seconds,
        say,
        steady: mark,
      });
      const { memoryMaxBytes, cacheBytes, oomKills } = group.figures();
      const none = { at: "most", value: 0 } as const;
      const second = { at: "most", value: 1_000 } as const;
      const p = (of: readonly number[], q: number) => quantile(of, q);
      return [
        {
          ...{ name: "hub_alert_p99", value: p(steady.alertMs, 0.99), unit: "ms", target: second },
          detail: `${steady.alertMs.length} alerts of ${steady.attacks} attacks, p50 ${p(steady.alertMs, 0.5).toFixed(0)} ms`,
        },
        { name: "hub_acknowledged_p99", value: p(steady.acknowledgedMs, 0.99), unit: "ms" },
        { name: "hub_cpu", value: grown(cpuUs) / 1e3 / grown(marksMs), unit: "CPU", detail: "at 2,500 events/s" },
        {
          ...{
            name: "hub_alerts_missing",
            value: steady.attacks - steady.alertMs.length,
            unit: "alerts",
            target: none,
          },
        },
        {
          ...{ name: "hub_flood_refused", value: flood.refused - steady.refused, unit: "answers" },
          detail: `429, where it is too much; of ${flood.offered - steady.offered} events offered in ${seconds} s; other failures: ${flood.failed}`,
        },
        { name: "hub_flood_acknowledged_p99", value: p(flood.acknowledgedMs, 0.99), unit: "ms" },
        { name: "hub_flood_alerts_missing", value: flood.attacks - flood.alertMs.length, unit: "alerts", target: none },
        {
          ...{
            name: "hub_storm_refused",
            value: storm.refused - flood.refused,
            unit: "answers",
            target: { at: "least", value: 1 },
          },
          detail: `429; of ${storm.offered - flood.offered} events, each request sent several times at once; other failures: ${storm.failed - flood.failed}`,
        },
        { name: "hub_storm_alerts_missing", value: storm.attacks - storm.alertMs.length, unit: "alerts", target: none },
        {
          ...{ name: "hub_lost", value: Math.abs(storm.acknowledged - committed), unit: "events", target: none },
          detail: `acknowledged ${storm.acknowledged}, committed ${committed}`,
        },
        { name: "hub_unasked_ends", value: ended.length, unit: "ends", target: none, detail: ended.join("; ") },
        { name: "hub_oom_kills", value: oomKills, unit: "kills", target: none },
        {
          ...{ name: "hub_memory_max", value: memoryMaxBytes / 2 ** 20, unit: "MiB" },
          detail: `charged, of 1,024; page cache at the end ${(cacheBytes / 2 ** 20).toFixed(0)}`,
        },
      ];
    } finally {
      group.remove();
    }
  },
};

function grown([from = 0, to = Number.NaN]: readonly number[]): number {
  return to - from;
}
