import { useMutation } from "@tanstack/react-query";
import { hub } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { failureText } from "../parts/failure.tsx";
import { toast } from "../parts/toasts.tsx";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";

/** Raises a test alert. It arrives by the stream like any other; the lists are also asked anew, should that be away. */
export function useTestAlert(): { send: () => void; sending: boolean; allowed: boolean } {
  const text = useText();
  const { canAct } = useRights();
  const test = useMutation({
    mutationFn: hub.testAlert,
    onSuccess: async () => {
      toast(text.alerts.testSent);
      await queryClient.invalidateQueries({ queryKey: ["alerts"] });
      await queryClient.invalidateQueries({ queryKey: ["alert-counts"] });
    },
    onError: (error) => toast(failureText(error, text), "failed"),
  });
  return { send: () => test.mutate(), sending: test.isPending, allowed: canAct };
}
