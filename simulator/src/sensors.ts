import { type Sensor, sensorSchema } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";

/** The sensors that the hub knows. Throws what the hub refuses with. */
export async function sensorsOf(hub: Pick<HubClient, "text">): Promise<Sensor[]> {
  const reply: unknown = JSON.parse(await hub.text("/api/v1/sensors"));
  const list = typeof reply === "object" && reply !== null && "sensors" in reply ? reply.sensors : undefined;
  return (Array.isArray(list) ? list : []).flatMap((one) => {
    const sensor = sensorSchema.safeParse(one);
    return sensor.success ? [sensor.data] : [];
  });
}
