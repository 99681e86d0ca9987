import type { Alert } from "@atalaya/wire/api";
import { type ReactElement, useMemo } from "react";
import { splitTriage } from "../parts/commands-in-text.ts";
import { Command } from "../parts/copy.tsx";
import { keyed, Plain, Sentence } from "../parts/plain.tsx";
import { usePick, useText } from "../text/language.ts";
import { Card } from "./alert-facts.tsx";

/** The rule's steps, in order; the commands in them can be copied. */
export function TriageCard({ alert }: { alert: Alert }): ReactElement {
  const text = useText();
  const pick = usePick();
  return (
    <Card title={text.alert.todo}>
      {alert.triage.length === 0 ? (
        <p className="soft">{text.alert.noTriage}</p>
      ) : (
        <ol className="steps">
          {alert.triage.map((step) => (
            <li key={step.en}>
              <Step step={pick(step)} />
            </li>
          ))}
        </ol>
      )}
      {alert.blind_spots.length > 0 && (
        <details className="more">
          <summary>{text.alert.blind}</summary>
          <ul className="blind">
            {alert.blind_spots.map((one) => (
              <li key={one.en}>
                <Plain text={pick(one)} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

/** One step: prose, with each command on a line of its own. */
export function Step({ step }: { step: string }): ReactElement {
  const parts = useMemo(() => splitTriage(step), [step]);
  return (
    <>
      {keyed(parts).map(([key, part]) =>
        part.kind === "command" ? (
          <Command key={key} command={part.text} />
        ) : (
          <span key={key}>
            <Sentence text={part.text} />
          </span>
        ),
      )}
    </>
  );
}
