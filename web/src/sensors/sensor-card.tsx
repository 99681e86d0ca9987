import type { NodeLedger, Sensor, SensorReport } from "@atalaya/wire/api";
import type { ReactElement, ReactNode } from "react";
import { Ago } from "../parts/ago.tsx";
import { keyed, Plain } from "../parts/plain.tsx";
import { duration, mebibytes, number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { BlockingFacts } from "./blocking-facts.tsx";
import { LedgerPanel } from "./ledger-panel.tsx";
import { PublisherFacts } from "./publisher-facts.tsx";

/** One node's sensor. Its account is absent until the hub has heard of every hop. */
export function SensorCard({ sensor, ledger }: { sensor: Sensor; ledger: NodeLedger | undefined }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const { report } = sensor;
  return (
    <section className={`panel card sensor sensor-${sensor.state}`} aria-label={sensor.node}>
      <header>
        <span className="dot" aria-hidden="true" />
        <h2>
          <Plain text={sensor.node} />
        </h2>
        <span className="sensor-state">{text.sensors.state[sensor.state]}</span>
        {sensor.revoked === true && <span className="tag amber">{text.nodes.revoked}</span>}
        <span className="soft">
          <Plain text={sensor.cluster} />
        </span>
        <span className="soft last">
          {text.sensors.lastSeen} <Ago us={sensor.last_seen_us} />
        </span>
      </header>
      <div className="figures">
        <Figure name={text.sensors.events} value={number(sensor.events_per_second, language)} />
        <Figure name={text.sensors.lag} value={duration(sensor.lag_us, language)} />
        {report !== null && <ReportFigures report={report} />}
      </div>
      <div className="sensor-details">
        {ledger === undefined && <Losses sensor={sensor} />}
        {report === null ? <p className="soft">{text.sensors.noReport}</p> : <Programs report={report} />}
        {report?.audit_log !== undefined && <AuditLog state={report.audit_log.state} />}
        {report?.blocking !== undefined && <BlockingFacts blocking={report.blocking} />}
        <PublisherFacts sensor={sensor} />
      </div>
      {ledger !== undefined && <LedgerPanel ledger={ledger} />}
      {report !== null && <Counters report={report} />}
    </section>
  );
}

function Figure({ name, value }: { name: string; value: ReactNode }): ReactElement {
  return (
    <div className="figure">
      <b>{value}</b>
      <span>{name}</span>
    </div>
  );
}

function ReportFigures({ report }: { report: SensorReport }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const aliveUs = Math.max(1, Date.now() * 1000 - report.started_us);
  // A thousandth of a CPU, as Kubernetes counts it.
  const millis = (report.cpu_us / aliveUs) * 1000;
  return (
    <>
      <Figure name={text.sensors.memory} value={mebibytes(report.memory_bytes, language)} />
      <Figure name={text.sensors.cpu} value={`${number(millis, language, millis < 10 ? 1 : 0)}m`} />
      <Figure name={text.sensors.processes} value={number(report.processes, language)} />
      <Figure name={text.sensors.containers} value={number(report.containers, language)} />
      <Figure name={text.sensors.up} value={duration(aliveUs, language)} />
      <Figure name={text.sensors.kernel} value={<Plain text={report.kernel} />} />
    </>
  );
}

function Losses({ sensor }: { sensor: Sensor }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const lost = sensor.lost.filter(({ value }) => value > 0);
  return (
    <div>
      <h3>{text.sensors.lost}</h3>
      {lost.length === 0 ? (
        <p className="good">{text.sensors.lostNone}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>{text.sensors.lostHead.class}</th>
              <th>{text.sensors.lostHead.reason}</th>
              <th className="n">{text.sensors.lostHead.value}</th>
            </tr>
          </thead>
          <tbody>
            {lost.map((one) => (
              <tr key={`${one.class} ${one.reason}`}>
                <td>{one.class}</td>
                <td>{text.sensors.reason[one.reason] ?? one.reason}</td>
                <td className="n">{number(one.value, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Programs({ report }: { report: SensorReport }): ReactElement {
  const text = useText();
  const asked = report.programs.filter((one) => one.unasked !== true);
  const bad = asked.filter((one) => !one.loaded || !one.attached);
  const total = asked.length;
  const unasked = report.programs.length - total;
  const missed = report.heartbeat?.missed ?? [];
  return (
    <div>
      <h3>{text.sensors.programs}</h3>
      {missed.length > 0 && <p className="tag amber">{text.sensors.heartbeatMissed(missed.join(", "))}</p>}
      {bad.length === 0 ? (
        <p className="good">{text.sensors.programsAll(total)}</p>
      ) : (
        <>
          <p>{text.sensors.programsSome(total - bad.length, total)}</p>
          <ul className="programs">
            {bad.map((one) => (
              <li key={one.name}>
                <code>{one.name}</code>{" "}
                <span className="tag amber">{one.loaded ? text.sensors.notAttached : text.sensors.notLoaded}</span>
                {one.reason !== undefined && (
                  <p className="soft">
                    <Plain text={one.reason} />
                  </p>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {unasked > 0 && <p className="soft">{text.sensors.programsUnasked(unasked)}</p>}
    </div>
  );
}

/** Where the node was told to read one. */
function AuditLog({ state }: { state: string }): ReactElement {
  const text = useText();
  return (
    <div>
      <h3>{text.sensors.auditLog}</h3>
      {state === "read" ? (
        <p className="good">{text.sensors.auditLogRead}</p>
      ) : (
        <p className="login-error">
          {text.sensors.auditLogNot} <Plain text={text.sensors.auditLogState[state] ?? state} />
        </p>
      )}
    </div>
  );
}

function Counters({ report }: { report: SensorReport }): ReactElement {
  const text = useText();
  const language = useLanguage();
  return (
    <details className="more">
      <summary>{text.sensors.counters}</summary>
      <ul className="counters mono">
        {keyed(report.counters).map(([key, one]) => (
          <li key={key}>
            <span>
              {one.class} {one.reason}
            </span>
            <b>{number(one.value, language)}</b>
          </li>
        ))}
      </ul>
    </details>
  );
}
