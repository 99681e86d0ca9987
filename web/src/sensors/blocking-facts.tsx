import type { SensorReport } from "@atalaya/wire/api";
import type { ReactElement } from "react";
import { Plain } from "../parts/plain.tsx";
import { useText } from "../text/language.ts";

/** Whether brought programs are blocked on the node, and where not although a policy wants it. */
export function BlockingFacts({ blocking }: { blocking: NonNullable<SensorReport["blocking"]> }): ReactElement {
  const text = useText().sensors;
  const { state, why, containers, trials, withheld } = blocking;
  const isWell = state === "on" || state === "idle";
  return (
    <div>
      <h3>{text.blocking}</h3>
      <p className={isWell ? "good" : "soft"}>
        <Plain text={text.blockingState[state] ?? state} />
        {why !== undefined && (
          <>
            {" "}
            <Plain text={why} />
          </>
        )}
      </p>
      {state === "on" && <p>{text.blockingIn(containers, trials)}</p>}
      {withheld.length > 0 && (
        <ul>
          {withheld.map(({ reason, value }) => (
            <li key={reason}>
              <span className="tag amber">{text.blockingNot(value)}</span>{" "}
              <Plain text={text.blockingWithheld[reason] ?? reason} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
