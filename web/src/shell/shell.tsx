import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { queryClient, sessionQuery, statusQuery } from "../api/queries.ts";
import { isSignedOut } from "../api/refusal.ts";
import { followStream, useStreamState } from "../api/stream.ts";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { useKeys } from "../parts/keys.ts";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { useText } from "../text/language.ts";
import { KeyHelp } from "./key-help.tsx";
import { Navigation } from "./navigation.tsx";

/** The frame around every page of a signed-in account; without a session it leads to the login and back. */
export function Shell(): ReactElement {
  const session = useQuery(sessionQuery);
  useSessionEnd();
  if (isSignedOut(session.error)) return <ToLogin />;
  if (session.data !== undefined) return <Frame />;
  return (
    <main className="alone">
      {session.isError ? <Failure error={session.error} retry={() => void session.refetch()} /> : <CardSkeleton />}
    </main>
  );
}

/** Goes once: the address it leaves, and with it what would be asked for, changes on the way. */
function ToLogin(): null {
  const router = useRouter();
  useEffect(() => {
    const from = router.state.location.href;
    void router.navigate({ to: "/login", search: from === "/" ? {} : { to: from }, replace: true });
  }, [router]);
  return null;
}

function Frame(): ReactElement {
  const text = useText();
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  useEffect(followStream, []);
  useKeys([
    ["?", () => setHelp(true)],
    ["g a", () => void navigate({ to: "/alerts" })],
    ["g p", () => void navigate({ to: "/processes" })],
    ["g r", () => void navigate({ to: "/rules" })],
    ["g s", () => void navigate({ to: "/sensors" })],
    ["g n", () => void navigate({ to: "/nodes" })],
    ["g e", () => void navigate({ to: "/settings" })],
  ]);
  return (
    <div className="app">
      <a className="skip" href="#content">
        {text.nav.skip}
      </a>
      <Navigation showKeys={() => setHelp(true)} />
      <div className="content">
        <StreamBanner />
        <FullDiskBanner />
        <main id="content" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <KeyHelp opened={help} close={() => setHelp(false)} />
    </div>
  );
}

function StreamBanner(): ReactElement | null {
  const text = useText();
  const state = useStreamState();
  if (state !== "lost") return null;
  return (
    <div className="banner" role="status">
      <Icon name="warning" />
      {text.shell.reconnecting}
    </div>
  );
}

function FullDiskBanner(): ReactElement | null {
  const text = useText();
  const { data: status } = useQuery(statusQuery);
  if (status?.writable !== false) return null;
  return (
    <div className="banner" role="alert">
      <Icon name="warning" />
      {text.shell.diskFull}
    </div>
  );
}

/** Any request that is refused for want of a session ends it here, once, for the whole page. */
function useSessionEnd(): void {
  useEffect(() => {
    const end = (error: unknown) => {
      if (isSignedOut(error)) void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
    };
    const isOther = (key: readonly unknown[]) => key[0] !== "session";
    const stopQueries = queryClient.getQueryCache().subscribe(({ type, query }) => {
      if (type === "updated" && query.state.status === "error" && isOther(query.queryKey)) end(query.state.error);
    });
    const stopMutations = queryClient.getMutationCache().subscribe(({ type, mutation }) => {
      if (type === "updated" && mutation?.state.status === "error") end(mutation.state.error);
    });
    return () => {
      stopQueries();
      stopMutations();
    };
  }, []);
}
