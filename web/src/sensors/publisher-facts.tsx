import type { PublisherReport, Sensor } from "@atalaya/wire/api";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Ago } from "../parts/ago.tsx";
import { duration, mebibytes, number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** From so far away on, a node's clock is worth a line. */
const clockShownUs = 2_000_000;

/** What the node's publisher keeps, how its clock stands, and until when its certificate holds. */
export function PublisherFacts({ sensor }: { sensor: Sensor }): ReactElement | null {
  const text = useText();
  const language = useLanguage();
  const { publisher, clock_us: clock = 0 } = sensor;
  if (publisher === undefined || publisher === null) return null;
  const expires = publisher.certificate_expires_us;
  return (
    <div>
      <h3>{text.sensors.publisher}</h3>
      <p>
        {text.sensors.spool(mebibytes(publisher.spool.bytes, language), mebibytes(publisher.spool.bytes_max, language))}
        <Oldest publisher={publisher} />
      </p>
      <RecorderFacts recorder={publisher.recorder} />
      {!publisher.spool.writable && <p className="login-error">{text.sensors.spoolFull}</p>}
      {expires !== null && (
        <p className="soft">{text.sensors.certificate(duration(Math.max(0, expires - Date.now() * 1000), language))}</p>
      )}
      {Math.abs(clock) > clockShownUs && (
        <p className="login-error">
          {clock > 0
            ? text.sensors.clockAhead(duration(clock, language))
            : text.sensors.clockBehind(duration(-clock, language))}
        </p>
      )}
    </div>
  );
}

function Oldest({ publisher }: { publisher: PublisherReport }): ReactElement | null {
  const text = useText();
  const language = useLanguage();
  const { frames, oldest_us: oldest } = publisher.spool;
  if (frames === 0 || oldest === null) return null;
  return (
    <span className="soft">
      {" "}
      {text.sensors.waiting(number(frames, language))} <Ago us={oldest} />
    </span>
  );
}

/** What the flight recorder holds, and what it lost. */
function RecorderFacts({ recorder }: { recorder: PublisherReport["recorder"] }): ReactElement | null {
  const { recorder: text, recording } = useText();
  const language = useLanguage();
  if (recorder === undefined) return null;
  const lost = recorder.given_up + recorder.unwritten;
  return (
    <p>
      {text.holds(mebibytes(recorder.bytes, language), mebibytes(recorder.bytes_max, language))}
      {recorder.oldest_us !== null && (
        <span className="soft">
          {" "}
          {text.since} <Ago us={recorder.oldest_us} />
        </span>
      )}
      {lost > 0 && <span className="soft"> · {text.gaveUp(number(lost, language))}</span>}
      <span className="soft">
        {" · "}
        <Link to="/recorder" className="plain-link">
          {recording.policy}
        </Link>
      </span>
    </p>
  );
}
