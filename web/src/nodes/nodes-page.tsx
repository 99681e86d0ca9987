import type { EnrolledNode } from "@atalaya/wire/api";
import { Button, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { hub } from "../api/hub.ts";
import { nodesQuery, queryClient } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { Failure, failureText } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { Plain } from "../parts/plain.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { toast } from "../parts/toasts.tsx";
import { useRights } from "../shell/session.ts";
import { TrustLine } from "../shell/trust-line.tsx";
import { duration } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { AddNode } from "./add-node.tsx";
import { TokensCard } from "./tokens-card.tsx";

/** Who may send: the nodes with their certificates, and the tokens by which others become known. */
export function NodesPage(): ReactElement {
  const text = useText();
  const { canAdmin } = useRights();
  const query = useQuery(nodesQuery);
  const [adding, setAdding] = useState(false);
  return (
    <>
      <header className="top">
        <h1>{text.nodes.title}</h1>
        <Button
          leftSection={<Icon name="plus" />}
          disabled={!canAdmin}
          title={canAdmin ? undefined : text.settings.adminOnly}
          onClick={() => setAdding(true)}
        >
          {text.nodes.add}
        </Button>
        <TrustLine />
      </header>
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && query.data.length === 0 && (
        <div className="panel notice">
          <Icon name="sensor" size={26} />
          <h2>{text.nodes.emptyTitle}</h2>
          <p>{text.nodes.emptyText}</p>
        </div>
      )}
      {query.isSuccess && query.data.length > 0 && (
        <ul className="panel list" aria-label={text.nodes.title}>
          {query.data.map((node) => (
            <NodeRow key={node.node_id} node={node} />
          ))}
        </ul>
      )}
      {canAdmin && <TokensCard />}
      <AddNode opened={adding} close={() => setAdding(false)} />
    </>
  );
}

function NodeRow({ node }: { node: EnrolledNode }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const leftUs = node.expires_us - Date.now() * 1000;
  return (
    <li className="list-row">
      <div>
        <b>
          <Plain text={node.node} />
        </b>{" "}
        <span className="soft">
          <Plain text={node.cluster} />
        </span>
        <p className="soft">
          {text.nodes.proof[node.proof]} · {text.nodes.enrolled} <Ago us={node.enrolled_us} />
          {" · "}
          <code title={text.nodes.key}>{node.key_sha256.slice(0, 16)}</code>
        </p>
      </div>
      <span className={node.revoked_us !== null || leftUs < 0 ? "tag amber" : "soft"}>
        {node.revoked_us !== null
          ? text.nodes.revoked
          : leftUs < 0
            ? text.nodes.expired
            : text.nodes.validFor(duration(leftUs, language))}
      </span>
      <RevokeNode node={node} />
    </li>
  );
}

function RevokeNode({ node }: { node: EnrolledNode }): ReactElement {
  const text = useText();
  const { canAdmin } = useRights();
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => hub.revokeNode(node.node_id),
    onSuccess: () => {
      for (const key of ["nodes", "sensors"]) void queryClient.invalidateQueries({ queryKey: [key] });
      toast(text.nodes.revokedNow);
      setAsking(false);
    },
    onError: (error) => toast(failureText(error, text), "failed"),
  });
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        disabled={!canAdmin || node.revoked_us !== null}
        onClick={() => setAsking(true)}
      >
        {text.nodes.revoke}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={text.nodes.revokeTitle(visibleString(node.node))}
        closeButtonProps={{ "aria-label": text.shell.close }}
      >
        <p>{text.nodes.revokeText}</p>
        <div className="dialog-buttons">
          <Button variant="default" onClick={() => setAsking(false)}>
            {text.shell.cancel}
          </Button>
          <Button loading={revoke.isPending} onClick={() => revoke.mutate()} data-autofocus>
            {text.nodes.revoke}
          </Button>
        </div>
      </Modal>
    </>
  );
}
