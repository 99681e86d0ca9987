import { chargedMaxMiB, collectorBudget, collectorGroup } from "./budgets.ts";
import { type Measure, quantile } from "./measure.ts";
import { startRate } from "./native-program.ts";
import { Watch } from "./watch.ts";

/** By then what runs often is compiled, and as many processes are remembered as ever are. */
const warmUpSeconds = 30;
const turns = 12;
const turnSeconds = 5;

/** What programs that start and end one after the other take the sensor, in a control group as the kubelet makes it. */
export const sensorSpawn: Measure = {
  name: "sensor-spawn",
  what: "processor time and memory of the collector, within its limits, while programs start and end all the time",
  async run(say) {
    const group = collectorGroup("atalaya-spawn");
    try {
      const watch = await Watch.start(group.enter);
      try {
        await startRate(warmUpSeconds);
        const costs: number[] = [];
        for (let turn = 1; turn <= turns; turn++) {
          const before = group.figures().cpuUs;
          const rate = await startRate(turnSeconds);
          costs.push((group.figures().cpuUs - before) / (rate * turnSeconds));
          say(`turn ${turn} of ${turns}: ${costs.at(-1)?.toFixed(1)} us, ${Math.round(rate)} starts/s`);
        }
        const { memoryMaxBytes, oomKills } = group.figures();
        const [low, middle, high] = [0, 0.5, 1].map((q) => quantile(costs, q));
        return [
          {
            name: "sensor_cpu_per_spawn",
            value: middle ?? Number.NaN,
            unit: "us",
            target: { at: "most", value: 98 },
            detail: `${turns} turns of ${turnSeconds} s, ${low?.toFixed(1)}..${high?.toFixed(1)}; 98: Falco 0.44.1 on such a machine`,
          },
          {
            name: "sensor_memory_at_spawns",
            value: memoryMaxBytes / 2 ** 20,
            unit: "MiB",
            target: { at: "most", value: chargedMaxMiB },
            detail: `charged at most, BPF maps included, of ${collectorBudget.memoryBytes >> 20} MiB; killed for memory: ${oomKills}`,
          },
        ];
      } finally {
        await watch.stop();
      }
    } finally {
      group.remove();
    }
  },
};
