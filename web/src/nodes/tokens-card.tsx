import type { ListedEnrolmentToken } from "@atalaya/wire/api";
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { hub } from "../api/hub.ts";
import { enrolmentTokensQuery, queryClient } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { Failure, failureText } from "../parts/failure.tsx";
import { Plain } from "../parts/plain.tsx";
import { toast } from "../parts/toasts.tsx";
import { duration } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** The tokens that were given out: open ones can be taken back. */
export function TokensCard(): ReactElement {
  const text = useText();
  const query = useQuery(enrolmentTokensQuery);
  return (
    <Card title={text.nodes.tokens}>
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && query.data.length === 0 && <p className="soft">{text.nodes.noTokens}</p>}
      {query.isSuccess && query.data.length > 0 && (
        <ul className="list">
          {query.data.map((token) => (
            <TokenRow key={token.token_id} token={token} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function TokenRow({ token }: { token: ListedEnrolmentToken }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const leftUs = token.expires_us - Date.now() * 1000;
  const open = token.used_us === null && token.revoked_us === null && leftUs > 0;
  const revoke = useMutation({
    mutationFn: () => hub.revokeEnrolmentToken(token.token_id),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: ["enrolment-tokens"] }),
    onError: (error) => toast(failureText(error, text), "failed"),
  });
  const state = () => {
    if (token.used_us !== null) return text.nodes.tokenUsed(token.used_by_node ?? "");
    if (token.revoked_us !== null) return text.nodes.revoked;
    return open ? text.nodes.validFor(duration(leftUs, language)) : text.nodes.expired;
  };
  return (
    <li className="list-row">
      <div>
        <Plain text={token.node === null ? token.cluster : `${token.cluster} / ${token.node}`} />
        <p className="soft">
          {text.nodes.tokenMade(token.created_by)} <Ago us={token.created_us} />
        </p>
      </div>
      <span className="soft">{state()}</span>
      <Button
        variant="default"
        size="compact-sm"
        disabled={!open}
        loading={revoke.isPending}
        onClick={() => revoke.mutate()}
      >
        {text.nodes.revoke}
      </Button>
    </li>
  );
}
