import type { InventoryNamespace, InventoryPod, InventoryWorkload } from "@atalaya/wire/api";
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import type { AlertFilters } from "../alerts/alert-filters.ts";
import { Plain } from "../parts/plain.tsx";
import { number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import type { Place } from "./inventory-place.ts";

export function NamespaceRow({ row }: { row: InventoryNamespace }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const { cluster, namespace } = row;
  return (
    <Row
      title={<PlaceLink to={{ cluster, namespace }}>{namespace}</PlaceLink>}
      alerts={row.alerts_open}
      on={{ cluster, namespace }}
    >
      <Plain text={cluster} /> · {text.inventory.workloadCount(row.workloads, number(row.workloads, language))} ·{" "}
      {text.inventory.podCount(row.pods, number(row.pods, language))}
    </Row>
  );
}

export function WorkloadRow({ row }: { row: InventoryWorkload }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const { cluster, namespace, kind, name, service_account } = row;
  const workload = `${kind}/${name}`;
  return (
    <Row
      title={<PlaceLink to={{ cluster, namespace, workload }}>{name}</PlaceLink>}
      alerts={row.alerts_open}
      on={{ cluster, namespace, workload }}
    >
      {kind} · <Plain text={namespace} /> ·{" "}
      {row.wanted === undefined
        ? text.inventory.podCount(row.pods, number(row.pods, language))
        : text.inventory.ready(number(row.ready ?? 0, language), number(row.wanted, language))}
      {service_account !== undefined && (
        <>
          {" "}
          · {text.inventory.runsAs}{" "}
          <PlaceLink to={{ cluster, namespace, service_account }}>{service_account}</PlaceLink>
        </>
      )}
      <Images names={row.images} cluster={cluster} />
    </Row>
  );
}

export function PodRow({ row }: { row: InventoryPod }): ReactElement {
  const text = useText();
  const { cluster, namespace, node, workload, service_account } = row;
  const shared = row.host_access.map((one) =>
    Object.hasOwn(text.inventory.access, one) ? text.inventory.access[one as keyof typeof text.inventory.access] : one,
  );
  return (
    <Row title={<Plain text={row.pod} />} alerts={row.alerts_open} on={{ cluster, namespace, pod_uid: row.uid }}>
      <PlaceLink to={{ cluster, namespace }}>{namespace}</PlaceLink>
      {workload !== undefined && (
        <>
          {" "}
          · {workload.kind}{" "}
          <PlaceLink to={{ cluster, namespace, workload: `${workload.kind}/${workload.name}` }}>
            {workload.name}
          </PlaceLink>
        </>
      )}
      {row.phase !== undefined && ` · ${row.phase}`} ·{" "}
      {node === undefined ? (
        text.inventory.notPlaced
      ) : (
        <>
          {text.inventory.on} <PlaceLink to={{ cluster, node }}>{node}</PlaceLink>
        </>
      )}
      {service_account !== undefined && (
        <>
          {" "}
          · {text.inventory.runsAs}{" "}
          <PlaceLink to={{ cluster, namespace, service_account }}>{service_account}</PlaceLink>
        </>
      )}
      <Images names={[...new Set(row.containers.map(({ image }) => image))]} cluster={cluster} /> ·{" "}
      <Link to="/processes" search={{ cluster, pod: `${namespace}/${row.pod}` }}>
        {text.inventory.whatRan}
      </Link>
      {shared.length > 0 && (
        <>
          <br />
          <span className="tag amber whole">
            {text.inventory.shares} {shared.join(", ")}
          </span>
        </>
      )}
    </Row>
  );
}

type RowProps = { title: ReactNode; alerts: number; on: AlertFilters; children: ReactNode };

function Row({ title, alerts, on, children }: RowProps): ReactElement {
  const text = useText();
  const language = useLanguage();
  return (
    <li className="list-row">
      <div>
        <b>{title}</b>
        <p className="soft">{children}</p>
      </div>
      {alerts > 0 && (
        <Link to="/alerts" search={on} className="tag amber">
          {text.inventory.alertCount(alerts, number(alerts, language))}
        </Link>
      )}
    </li>
  );
}

function PlaceLink({ to, children }: { to: Place; children: string }): ReactElement {
  return (
    <Link to="/inventory" search={to}>
      <Plain text={children} />
    </Link>
  );
}

function Images({ names, cluster }: { names: readonly string[]; cluster: string }): ReactElement {
  return (
    <>
      {names.map((image) => (
        <span key={image} className="mono">
          {" "}
          · <PlaceLink to={{ cluster, image }}>{image}</PlaceLink>
        </span>
      ))}
    </>
  );
}
