import type { AlertRecording, RecordedEvent } from "@atalaya/wire/api";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { LongText } from "../parts/long-text.tsx";
import { keyed } from "../parts/plain.tsx";
import { fullTime, number, rowTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** What became of the pull, how much came, and what is missing. */
export function RecordingLine({ recording }: { recording: AlertRecording }): ReactElement {
  const { recorder: text } = useText();
  const language = useLanguage();
  const { state, counts, from_beginning, undecodable } = recording;
  if (state !== "answered") return <p className="soft">{text.state[state]}</p>;
  if (counts.length === 0) return <p className="soft">{text.state.nothing}</p>;
  const names: Readonly<Record<string, string>> = text.className;
  const sum = (of: (count: AlertRecording["counts"][number]) => number) =>
    counts.reduce((total, count) => total + of(count), 0);
  const [earlier, lost] = [sum((count) => count.earlier), sum((count) => count.lost)];
  const list = counts.map(({ class: name, events }) => `${number(events, language)} ${names[name] ?? name}`);
  const sentences = [text.has(list.join(", "))];
  if (earlier > 0) sentences.push(text.earlier(number(earlier, language)));
  if (lost > 0) sentences.push(text.lost(number(lost, language)));
  if (undecodable > 0) sentences.push(text.unreadable(number(undecodable, language)));
  if (from_beginning) sentences.push(text.fromBeginning);
  return <p className="soft recording">{sentences.join(" ")}</p>;
}

/** What one process did, by the recorder; folded, since the tree is the story. */
export function RecordedEvents({ events }: { events: readonly RecordedEvent[] }): ReactElement {
  const { recorder: text } = useText();
  const language = useLanguage();
  return (
    <details className="recorded">
      <summary>
        <span className="tag">{text.recorded}</span> {text.ofProcess(number(events.length, language))}
      </summary>
      <ol>
        {keyed(events).map(([key, { time_us, class: name, activity, what }]) => (
          <li key={key}>
            <time title={fullTime(time_us, language)}>{rowTime(time_us, undefined, language)}</time>{" "}
            <s>
              {name} {activity}
            </s>{" "}
            <LongText text={what} most={limits.treeCharsShown} />
          </li>
        ))}
      </ol>
    </details>
  );
}
