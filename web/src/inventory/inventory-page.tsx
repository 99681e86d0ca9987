import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { inventoryClustersQuery } from "../api/queries.ts";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { Plain } from "../parts/plain.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { ClusterRow } from "./cluster-row.tsx";
import { InventoryList } from "./inventory-list.tsx";
import { listOf, type Place, placeNames } from "./inventory-place.ts";
import { NameBox } from "./name-box.tsx";

/** What the clusters are made of: namespaces, then workloads, then pods, with the alerts on each. */
export function InventoryPage(): ReactElement {
  const text = useText();
  const place = useSearch({ from: "/signed-in/inventory" });
  const navigate = useNavigate();
  const query = useQuery(inventoryClustersQuery);
  const go = (next: Place) => void navigate({ to: "/inventory", search: next });
  return (
    <>
      <header className="top">
        <h1>{text.inventory.title}</h1>
        <NameBox place={place} go={go} />
        <TrustLine />
      </header>
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && query.data.length === 0 && (
        <div className="panel notice">
          <Icon name="inventory" size={26} />
          <h2>{text.inventory.emptyTitle}</h2>
          <p>{text.inventory.emptyText}</p>
        </div>
      )}
      {query.isSuccess && query.data.length > 0 && (
        <>
          <ul className="panel list" aria-label={text.inventory.clusters}>
            {query.data.map((cluster) => (
              <ClusterRow key={cluster.cluster} cluster={cluster} />
            ))}
          </ul>
          <PlaceChips place={place} go={go} />
          <InventoryList key={JSON.stringify(place)} list={listOf(place)} place={place} />
        </>
      )}
    </>
  );
}

/** Where one is, each part to be taken away. */
function PlaceChips({ place, go }: { place: Place; go: (next: Place) => void }): ReactElement {
  const text = useText();
  const given = placeNames.flatMap((name) => (place[name] === undefined ? [] : [{ name, value: place[name] }]));
  const without = (name: string) => Object.fromEntries(Object.entries(place).filter(([one]) => one !== name)) as Place;
  return (
    <div className="tags place-chips">
      {given.map(({ name, value }) => (
        <button
          key={name}
          type="button"
          className="tag"
          title={text.inventory.remove(`${text.inventory.filter[name]} ${visibleString(value)}`)}
          onClick={() => go(without(name))}
        >
          {text.inventory.filter[name]} <Plain text={value} /> <Icon name="close" size={11} />
        </button>
      ))}
    </div>
  );
}
