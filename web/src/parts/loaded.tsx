import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { Failure } from "./failure.tsx";
import { CardSkeleton } from "./skeletons.tsx";

/**
 * What was fetched, as `children` draws it. It stays, with what was typed in it, when a later reading fails: that is said
 * above it, and can be tried again.
 */
export function Loaded<T>({
  query,
  children,
}: {
  query: UseQueryResult<T>;
  children: (fetched: T) => ReactElement;
}): ReactElement {
  return (
    <>
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && children(query.data)}
    </>
  );
}
