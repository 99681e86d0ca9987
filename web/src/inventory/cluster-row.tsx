import type { InventoryCluster } from "@atalaya/wire/api";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Ago } from "../parts/ago.tsx";
import { Plain } from "../parts/plain.tsx";
import { number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** One cluster: how many objects are known, how fresh that is, and what could not be listed. */
export function ClusterRow({ cluster }: { cluster: InventoryCluster }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const objects = Object.values(cluster.objects).reduce((sum, count) => sum + count, 0);
  const problems = cluster.status?.kinds.filter(({ problem }) => problem !== undefined) ?? [];
  return (
    <li className="list-row">
      <div>
        <Link to="/inventory" search={{ cluster: cluster.cluster }}>
          <b>
            <Plain text={cluster.cluster} />
          </b>
        </Link>
        <p className="soft">
          {text.inventory.objects(number(objects, language))} · {text.inventory.lastWord} <Ago us={cluster.seen_us} />{" "}
          {text.inventory.on} <Plain text={cluster.node} />
        </p>
        {problems.map(({ kind, problem }) => (
          <p key={kind}>
            {kind} {text.inventory.cannotList}: <Plain text={problem ?? ""} />
          </p>
        ))}
      </div>
      {!cluster.complete && <span className="tag amber">{text.inventory.incomplete}</span>}
    </li>
  );
}
