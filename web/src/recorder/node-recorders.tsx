import type { PublisherReport, Sensor } from "@atalaya/wire/api";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CSSProperties, ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { sensorsQuery } from "../api/queries.ts";
import { limits } from "../limits.ts";
import { Ago } from "../parts/ago.tsx";
import { failureText } from "../parts/failure.tsx";
import { Plain } from "../parts/plain.tsx";
import { mebibytes, number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

const lostOf = ({ publisher }: Sensor): number =>
  (publisher?.recorder?.given_up ?? 0) + (publisher?.recorder?.unwritten ?? 0);
const containersOf = ({ report }: Sensor): number => report?.recorded_containers ?? 0;

/** What each node's recorder does now: those that lose something first, then those that record most. */
export function NodeRecorders(): ReactElement {
  const text = useText();
  const { recording } = text;
  const query = useQuery(sensorsQuery);
  const sensors = [...(query.data ?? [])].sort(
    (a, b) => lostOf(b) - lostOf(a) || containersOf(b) - containersOf(a) || a.node.localeCompare(b.node),
  );
  const shown = sensors.slice(0, limits.recorderNodesShown);
  const recordingNodes = sensors.filter((one) => containersOf(one) > 0).length;
  const containers = sensors.reduce((sum, one) => sum + containersOf(one), 0);
  return (
    <Card title={recording.nodes}>
      {query.isPending && <p className="soft">{text.shell.loading}</p>}
      {query.isError && <p className="soft">{failureText(query.error, text)}</p>}
      {query.isSuccess && sensors.length === 0 && <p>{recording.noNodes}</p>}
      {sensors.length > 0 && <p className="soft">{recording.sum(containers, recordingNodes)}</p>}
      <ul className="list" aria-label={recording.nodes}>
        {shown.map((sensor) => (
          <NodeRecorder key={sensor.sensor_id} sensor={sensor} />
        ))}
      </ul>
      {sensors.length > shown.length && (
        <p className="soft">
          <Link to="/sensors" className="plain-link">
            {recording.more(sensors.length - shown.length)}
          </Link>
        </p>
      )}
    </Card>
  );
}

function NodeRecorder({ sensor }: { sensor: Sensor }): ReactElement {
  const { recording: text, sensors } = useText();
  const language = useLanguage();
  const recorder = sensor.publisher?.recorder;
  const containers = sensor.report?.recorded_containers;
  return (
    <li className="list-row node-recorder" aria-label={sensor.node}>
      <div>
        <p className="node-recorder-head">
          <b>
            <Plain text={sensor.node} />
          </b>{" "}
          <span className="soft">
            <Plain text={sensor.cluster} />
          </span>
          {sensor.state === "silent" ? (
            <span className="tag red">{sensors.state.silent}</span>
          ) : (
            containers !== undefined && <span>{text.containers(number(containers, language), containers)}</span>
          )}
        </p>
        {recorder === undefined ? (
          <p className="soft">{sensor.publisher ? text.nothingYet : text.notSaid}</p>
        ) : (
          <Held recorder={recorder} />
        )}
      </div>
    </li>
  );
}

/** How full a node's recorder is, since when it holds anything, and what it lost. */
function Held({ recorder }: { recorder: NonNullable<PublisherReport["recorder"]> }): ReactElement {
  const { recording, recorder: text } = useText();
  const language = useLanguage();
  const { bytes, bytes_max: most, oldest_us: oldest } = recorder;
  const lost = recorder.given_up + recorder.unwritten;
  const size = Math.max(1, most);
  const full: CSSProperties & { "--full": string } = { "--full": `${Math.min(100, (bytes / size) * 100)}%` };
  return (
    <>
      <meter
        className="held"
        style={full}
        aria-label={recording.full}
        min={0}
        max={size}
        value={Math.min(bytes, size)}
      />
      <p className="soft">
        {recording.held(mebibytes(bytes, language), mebibytes(most, language))}
        {oldest !== null && (
          <>
            {" · "}
            {text.since} <Ago us={oldest} />
          </>
        )}
      </p>
      {lost > 0 && <p className="amber-text">{text.gaveUp(number(lost, language))}</p>}
      {recorder.refused_frames > 0 && (
        <p className="amber-text">{recording.refusedFrames(number(recorder.refused_frames, language))}</p>
      )}
    </>
  );
}
