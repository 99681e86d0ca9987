import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { driftPolicyQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { ChangedCard } from "../policy/changed-card.tsx";
import { useRights } from "../shell/session.ts";
import { TrustLine } from "../shell/trust-line.tsx";
import { useText } from "../text/language.ts";
import { BlockedCard } from "./blocked-card.tsx";
import { PolicyEditor } from "./policy-editor.tsx";

/** What is to become of programs that no image holds, what was blocked, and who decided so. */
export function DriftPage(): ReactElement {
  const { drift: text } = useText();
  const { canAdmin } = useRights();
  const query = useQuery(driftPolicyQuery);
  return (
    <>
      <header className="top">
        <h1>{text.title}</h1>
        <TrustLine />
      </header>
      <p className="count-line">{text.intro}</p>
      <div className="two policy">
        <div>
          <Loaded query={query}>{(fetched) => <PolicyEditor fetched={fetched} />}</Loaded>
        </div>
        <div>
          <BlockedCard />
          {canAdmin && <ChangedCard setting="drift-policy" />}
        </div>
      </div>
    </>
  );
}
