import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FilterPlan, filterPlanSchema } from "@atalaya/wire";

/** The hub's last filter plan, on disk: a node that starts while the hub is away watches what it watched before. */
export class KeptPlan {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, "filters.json");
  }

  read(): FilterPlan | undefined {
    try {
      const plan = filterPlanSchema.safeParse(JSON.parse(readFileSync(this.#path, "utf8")));
      return plan.success ? plan.data : undefined;
    } catch {
      return undefined;
    }
  }

  write(plan: FilterPlan, say: (line: string) => void): void {
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(plan), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch (error) {
      say(
        `the filter plan is in force but could not be kept on disk (${error instanceof Error ? error.message : error})`,
      );
    }
  }
}
