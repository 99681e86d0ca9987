import type { Alert, AlertEvidence } from "@atalaya/wire/api";
import { Fragment, type ReactElement, useState } from "react";
import { limits } from "../limits.ts";
import { CopyButton } from "../parts/copy.tsx";
import { DoneByTag } from "../parts/done-by-tag.tsx";
import { LongText } from "../parts/long-text.tsx";
import { keyed, Plain } from "../parts/plain.tsx";
import { clockTime, fullTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { Card } from "./alert-facts.tsx";
import { shortOf } from "./done-by.tsx";

/** The distinct times it was seen, each with the fields that its output names. */
export function EvidenceCard({ alert }: { alert: Alert }): ReactElement {
  const text = useText();
  const { evidence, count } = alert;
  const shown = evidence.length > 0 ? evidence : [firstOf(alert)];
  return (
    <Card
      title={text.alert.evidence}
      aside={count > shown.length ? text.alert.evidenceMore(shown.length, count) : undefined}
    >
      <ul className="evidence">
        {keyed(shown).map(([key, one]) => (
          <Evidence key={key} evidence={one} />
        ))}
      </ul>
    </Card>
  );
}

function Evidence({ evidence }: { evidence: AlertEvidence }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const fields = Object.entries(evidence.output_fields).filter(([, value]) => value !== null && value !== "");
  return (
    <li>
      <time title={fullTime(evidence.time_us, language)}>{clockTime(evidence.time_us, language)}</time>
      <div>
        <p className="mono">
          <LongText text={evidence.output} />
        </p>
        {evidence.done_by?.map((one) => (
          <DoneByTag key={one.how} {...shortOf(one)} />
        ))}
        {fields.length > 0 && (
          <details className="more">
            <summary>
              {text.alert.fields} ({fields.length})
            </summary>
            <dl className="fields mono">
              {fields.map(([name, value]) => (
                <Fragment key={name}>
                  <dt>{name}</dt>
                  <dd>
                    <LongText text={typeof value === "string" ? value : JSON.stringify(value)} />
                  </dd>
                </Fragment>
              ))}
            </dl>
          </details>
        )}
      </div>
    </li>
  );
}

/** The first event as the sensor sent it. */
export function RawCard({ raw }: { raw: Alert["raw"] }): ReactElement {
  const text = useText();
  const [open, setOpen] = useState(false);
  const json = open ? JSON.stringify(unfolded(raw), null, 2) : "";
  return (
    <section className="panel card" aria-label={text.alert.raw}>
      <details className="raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{text.alert.raw}</summary>
        {open && (
          <div className="raw-json">
            <CopyButton value={JSON.stringify(raw)} />
            <pre className="mono">
              {json
                .slice(0, limits.rawCharsShown)
                .split("\n")
                .map((line, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a text that does not change
                  <Fragment key={at}>
                    <Plain text={line} />
                    {"\n"}
                  </Fragment>
                ))}
            </pre>
          </div>
        )}
      </details>
    </section>
  );
}

/** An audit record travels as a string of JSON inside the event: it is shown as what it is. */
function unfolded(raw: Alert["raw"]): unknown {
  const record = raw["record"];
  if (typeof record !== "string") return raw;
  try {
    return { ...raw, record: JSON.parse(record) };
  } catch {
    return raw;
  }
}

function firstOf(alert: Alert): AlertEvidence {
  return { time_us: alert.first_seen_us, output: alert.output, output_fields: alert.output_fields };
}
