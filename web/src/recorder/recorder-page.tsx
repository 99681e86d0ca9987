import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { recorderPolicyQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { ChangedCard } from "../policy/changed-card.tsx";
import { useRights } from "../shell/session.ts";
import { TrustLine } from "../shell/trust-line.tsx";
import { useText } from "../text/language.ts";
import { KeptCard } from "./kept-card.tsx";
import { NodeRecorders } from "./node-recorders.tsx";
import { ScopeEditor } from "./scope-editor.tsx";

/** Whose last minutes are kept on their nodes, what that comes to there, and who decided so. */
export function RecorderPage(): ReactElement {
  const { recording: text } = useText();
  const { canAdmin } = useRights();
  const query = useQuery(recorderPolicyQuery);
  return (
    <>
      <header className="top">
        <h1>{text.title}</h1>
        <TrustLine />
      </header>
      <p className="count-line">{text.intro}</p>
      <div className="two policy">
        <div>
          <Loaded query={query}>{(fetched) => <ScopeEditor fetched={fetched} />}</Loaded>
        </div>
        <div>
          <NodeRecorders />
          <KeptCard />
          {canAdmin && <ChangedCard setting="recorder-policy" />}
        </div>
      </div>
    </>
  );
}
