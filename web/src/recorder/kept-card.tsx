import { recorderLimits } from "@atalaya/wire/api";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { duration, number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** What is recorded of a container, and where that ends. */
export function KeptCard(): ReactElement {
  const { recording: text } = useText();
  const language = useLanguage();
  const facts = [
    [text.kept.what, text.kept.whatIs],
    [text.kept.back, text.kept.backIs(duration(recorderLimits.windowUs, language))],
    [text.kept.where, text.kept.whereIs],
    [text.kept.alert, text.kept.alertIs(number(recorderLimits.answerEventsMax, language))],
  ] as const;
  return (
    <Card title={text.kept.title}>
      <dl className="kept">
        {facts.map(([name, is]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{is}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
