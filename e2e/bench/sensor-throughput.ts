import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type SensorReport, sensorSchema } from "@atalaya/wire";
import * as z from "zod";
import { type Stack, startStack } from "../stack.ts";
import type { Measure } from "./measure.ts";
import { nativeProgram } from "./native-program.ts";

const loadSeconds = 10;

async function report(stack: Stack): Promise<SensorReport> {
  const { sensors } = await stack.client.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  const found = sensors[0]?.report;
  if (found === undefined || found === null) throw new Error("the sensor has not reported yet");
  return found;
}

function total(of: SensorReport, reason: string): number {
  return of.counters.filter((one) => one.reason === reason).reduce((sum, one) => sum + one.value, 0);
}

export const sensorThroughput: Measure = {
  name: "sensor-drain",
  what: "events drained, decoded and handed on per CPU-second of the collector",
  async run() {
    const stack = await startStack();
    try {
      await sleep(2_500);
      const before = await report(stack);
      const load = spawn(nativeProgram("spawn"), [String(loadSeconds), nativeProgram("nothing")], { stdio: "ignore" });
      await once(load, "exit");
      await sleep(2_500);
      const after = await report(stack);
      const events = total(after, "handed_on") - total(before, "handed_on");
      const lost = total(after, "ring_full") - total(before, "ring_full");
      const cpu = (after.cpu_us - before.cpu_us) / 1e6;
      const detail = `${events} events in ${cpu.toFixed(2)} CPU-seconds, ${lost} lost to a full ring`;
      return [
        {
          name: "sensor_events_per_cpu_s",
          value: events / cpu,
          unit: "events/s",
          target: { at: "least", value: 20_000 },
          detail,
        },
      ];
    } finally {
      await stack.stop();
    }
  },
};
