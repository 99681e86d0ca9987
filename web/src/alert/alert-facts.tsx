import type { Alert } from "@atalaya/wire/api";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactElement, type ReactNode } from "react";
import type { AlertFilters } from "../alerts/alert-filters.ts";
import { shortId } from "../alerts/where-path.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Icon } from "../parts/icons.tsx";
import { Plain } from "../parts/plain.tsx";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";

const whereNames = [
  "cluster",
  "node",
  "namespace",
  "pod",
  "container_name",
  "container_id",
  "container_runtime",
  "image",
  "image_digest",
  "resource",
  "object_name",
  "container_bundle",
  "pod_uid",
] as const;
type WhereName = (typeof whereNames)[number];

const copied = new Set<WhereName>(["container_id", "pod_uid", "container_bundle", "image", "image_digest"]);
// A container is sought by its whole id: a name may be used by many.
const pivots = { node: "node", namespace: "namespace", container_id: "container" } as const;

/** Where it happened; a click leads to the other alerts of that place. */
export function WhereCard({ alert }: { alert: Alert }): ReactElement {
  const text = useText();
  const { where } = alert;
  return (
    <Card title={text.alert.where}>
      <dl>
        {whereNames.map((name) => {
          const value = where[name];
          if (value === undefined || value === "") return null;
          return (
            <Fragment key={name}>
              <dt>{text.where[name]}</dt>
              <dd className={copied.has(name) ? "mono with-copy" : undefined}>
                <WhereValue name={name} value={value} />
                {copied.has(name) && value !== "host" && <CopyButton value={value} />}
              </dd>
            </Fragment>
          );
        })}
        <MadeBy where={where} />
      </dl>
      {where.reason !== undefined && (
        <p className="reason">
          <span className="visually-hidden">{text.alert.reason}: </span>
          <Plain text={where.reason} />
        </p>
      )}
    </Card>
  );
}

/** What the inventory knows of the pod. */
function MadeBy({ where }: { where: Alert["where"] }): ReactElement {
  const text = useText();
  const { cluster, namespace, workload, pod_labels } = where;
  const labels = Object.entries(pod_labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const place = workload && {
    ...(cluster !== undefined && { cluster }),
    ...(namespace !== undefined && { namespace }),
    workload: `${workload.kind}/${workload.name}`,
  };
  return (
    <>
      {place !== undefined && (
        <>
          <dt>{text.where.workload}</dt>
          <dd>
            <Link to="/inventory" search={place}>
              <Plain text={place.workload} />
            </Link>
          </dd>
        </>
      )}
      {labels.length > 0 && (
        <>
          <dt>{text.where.pod_labels}</dt>
          <dd className="tags">
            {labels.map((label) => (
              <span key={label} className="tag">
                <Plain text={label} />
              </span>
            ))}
          </dd>
        </>
      )}
    </>
  );
}

function WhereValue({ name, value }: { name: WhereName; value: string }): ReactElement {
  const text = useText();
  if (name === "container_id" && value === "host") return <span>{text.alert.host}</span>;
  const shown = <Plain text={name === "container_id" ? shortId(value) : value} />;
  if (name !== "node" && name !== "namespace" && name !== "container_id") return shown;
  const search: AlertFilters = { [pivots[name]]: value, status: "all" };
  return (
    <Link to="/alerts" search={search} title={text.alert.filterBy(`${text.where[name]} ${visibleString(value)}`)}>
      {shown}
    </Link>
  );
}

export function WhoCard({ alert }: { alert: Alert }): ReactElement {
  const text = useText();
  const { who } = alert;
  const rows: [keyof Alert["who"] & keyof typeof text.who, string | undefined][] = [
    ["user", who.user],
    ["uid", who.uid?.toString()],
    // 4294967295 is the kernel's "not set": nobody logged in, a service started it.
    ["login_uid", who.login_uid === 4_294_967_295 ? undefined : who.login_uid?.toString()],
    ["groups", who.groups?.join(", ")],
    ["source_ips", who.source_ips?.join(", ")],
    ["user_agent", who.user_agent],
  ];
  const known = rows.filter(([, value]) => value !== undefined && value !== "");
  return (
    <Card title={text.alert.who}>
      {known.length === 0 ? (
        <p className="soft">{text.who.nobody}</p>
      ) : (
        <dl>
          {known.map(([name, value]) => (
            <Fragment key={name}>
              <dt>{text.who[name]}</dt>
              <dd>
                <Plain text={value ?? ""} />
              </dd>
            </Fragment>
          ))}
        </dl>
      )}
    </Card>
  );
}

/** The techniques, each with its page at MITRE. */
export function AttackCard({ alert }: { alert: Pick<Alert, "attack"> }): ReactElement {
  const text = useText();
  return (
    <Card title={text.alert.attack}>
      {alert.attack.length === 0 ? (
        <p className="soft">{text.alert.noAttack}</p>
      ) : (
        <ul className="attack">
          {alert.attack.map(({ id, name, tactic }) => (
            <li key={`${id}${tactic}`}>
              <Technique id={id} />
              <span>
                {name} <small>{tactic}</small>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Technique({ id }: { id: string }): ReactElement {
  const text = useText();
  if (!/^T\d{4}(\.\d{3})?$/.test(id)) return <span className="mono">{visibleString(id)}</span>;
  return (
    <a
      href={`https://attack.mitre.org/techniques/${id.replace(".", "/")}/`}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={text.alert.openTechnique(id)}
      className="mono"
    >
      {id} <Icon name="external" size={12} />
    </a>
  );
}

export function Card({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}): ReactElement {
  return (
    <section className="panel card" aria-label={title}>
      <h2>
        {title}
        {aside !== undefined && <span className="card-aside">{aside}</span>}
      </h2>
      {children}
    </section>
  );
}
