import type { LedgerRow, NodeLedger } from "@atalaya/wire/api";
import type { ReactElement } from "react";
import { Icon } from "../parts/icons.tsx";
import { number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

const hops = ["kernel", "collector", "publisher", "hub"] as const;
type Hop = (typeof hops)[number];
type Named = { reason: string; value: number };

/** A node's account as a way with four stations: what came out of each, what was left out on purpose, what was lost. */
export function LedgerPanel({ ledger }: { ledger: NodeLedger }): ReactElement {
  const text = useText();
  return (
    <div className="ledger">
      <h3>{text.ledger.title}</h3>
      <Verdict ledger={ledger} />
      <ol className="hops">
        {hops.map((hop) => (
          <Station key={hop} hop={hop} rows={ledger.rows.filter((row) => row.hop === hop)} />
        ))}
      </ol>
      <ClassTable rows={ledger.rows} />
    </div>
  );
}

function Verdict({ ledger }: { ledger: NodeLedger }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const count = (value: number) => number(value, language);
  if (ledger.lost > 0) {
    return (
      <p className="ledger-verdict lost">
        <Icon name="warning" /> {text.ledger.lost(count(ledger.lost))}{" "}
        {ledger.balanced ? text.ledger.explained : text.ledger.moving(count(Math.abs(ledger.difference)))}
      </p>
    );
  }
  if (!ledger.balanced) return <p className="soft">{text.ledger.moving(count(Math.abs(ledger.difference)))}</p>;
  return (
    <p className="good">
      <Icon name="check" /> {text.ledger.balanced(count(ledger.submitted), count(ledger.committed))}
    </p>
  );
}

function Station({ hop, rows }: { hop: Hop; rows: readonly LedgerRow[] }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const out = rows.reduce((sum, row) => sum + row.out, 0);
  const pending = rows.reduce((sum, row) => sum + row.pending, 0);
  return (
    <li className="panel hop">
      <span className="soft">{text.ledger.hop[hop]}</span>
      <b>{number(out, language)}</b>
      <span className="hop-out">{text.ledger.out[hop]}</span>
      <ul>
        {pending > 0 && (
          <li>
            <span>{text.ledger.pending}</span> {number(pending, language)}
          </li>
        )}
        <Reasons of={together(rows.map((row) => row.left_out))} />
        <Reasons of={together(rows.map((row) => row.lost))} lost />
      </ul>
    </li>
  );
}

function Reasons({ of, lost = false }: { of: readonly Named[]; lost?: boolean }): ReactElement {
  const text = useText();
  const language = useLanguage();
  return (
    <>
      {of.map(({ reason, value }) => (
        <li key={reason} className={lost ? "lost" : undefined}>
          <span>{text.sensors.reason[reason] ?? reason}</span> {number(value, language)}
        </li>
      ))}
    </>
  );
}

function ClassTable({ rows }: { rows: readonly LedgerRow[] }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const named = (of: readonly Named[]) =>
    of.map(({ reason, value }) => `${text.sensors.reason[reason] ?? reason} ${number(value, language)}`).join(", ");
  return (
    <details className="more">
      <summary>{text.ledger.byClass}</summary>
      <div className="scroll-x">
        <table className="ledger-table">
          <thead>
            <tr>
              <th>{text.ledger.head.hop}</th>
              <th>{text.ledger.head.class}</th>
              <th className="n">{text.ledger.head.in}</th>
              <th className="n">{text.ledger.head.out}</th>
              <th>{text.ledger.head.leftOut}</th>
              <th>{text.ledger.head.lost}</th>
              <th className="n">{text.ledger.head.pending}</th>
              <th className="n">{text.ledger.head.difference}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.hop} ${row.class}`}>
                <td>{text.ledger.hop[row.hop]}</td>
                <td>{row.class}</td>
                <td className="n plain">{number(row.in, language)}</td>
                <td className="n plain">{number(row.out, language)}</td>
                <td>{named(row.left_out)}</td>
                <td className="lost">{named(row.lost)}</td>
                <td className="n plain">{number(row.pending, language)}</td>
                <td className={row.difference === 0 ? "n plain" : "n"}>{number(row.difference, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function together(lists: readonly (readonly Named[])[]): Named[] {
  const sums = new Map<string, number>();
  for (const { reason, value } of lists.flat()) sums.set(reason, (sums.get(reason) ?? 0) + value);
  return [...sums].map(([reason, value]) => ({ reason, value }));
}
