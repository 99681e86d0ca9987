// Writes the attacker's orders into the chart: node simulator/src/attack/write-orders.ts
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { orderFiles } from "./cluster-orders.ts";

const folder = fileURLToPath(new URL("../../../charts/atalaya-simulation/files/orders/", import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, text] of orderFiles()) writeFileSync(folder + name, text);
