import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { ledgerQuery, sensorsQuery, statusQuery } from "../api/queries.ts";
import { Command } from "../parts/copy.tsx";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { Plain } from "../parts/plain.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { useText } from "../text/language.ts";
import { SensorCard } from "./sensor-card.tsx";

/** Whether the sensors see: state, rate, lag, what was lost and why, what could not load. */
export function SensorsPage(): ReactElement {
  const text = useText();
  const query = useQuery(sensorsQuery);
  const { data: status } = useQuery(statusQuery);
  // The cards do without it: a hub of the version before has none.
  const { data: accounts } = useQuery(ledgerQuery);
  const missing = status?.sensor_missing ?? undefined;
  return (
    <>
      <header className="top">
        <h1>{text.sensors.title}</h1>
        <TrustLine />
      </header>
      {missing !== undefined && (
        <p className="panel problems" role="alert">
          <Icon name="warning" /> <b>{text.sensors.missing}</b> <Plain text={missing} />
        </p>
      )}
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && query.data.length === 0 && (
        <div className="panel notice">
          <Icon name="sensor" size={26} />
          <h2>{text.sensors.emptyTitle}</h2>
          <p>{text.sensors.emptyText}</p>
          <Command command="npm start" />
        </div>
      )}
      {query.isSuccess &&
        query.data.map((sensor) => (
          <SensorCard
            key={sensor.sensor_id}
            sensor={sensor}
            ledger={accounts?.find((one) => one.cluster === sensor.cluster && one.node === sensor.node)}
          />
        ))}
    </>
  );
}
