import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";

/** What the signed-in account may do. The hub decides; this only greys out what it would refuse. */
export function useRights(): { user: string; canAct: boolean; canAdmin: boolean } {
  const { data } = useQuery(sessionQuery);
  return {
    user: data?.user ?? "",
    canAct: data !== undefined && data.role !== "viewer",
    canAdmin: data?.role === "admin",
  };
}
