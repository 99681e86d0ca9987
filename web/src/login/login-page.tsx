import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, type ReactElement, useState } from "react";
import { hub } from "../api/hub.ts";
import { queryClient, sessionQuery } from "../api/queries.ts";
import { Refusal } from "../api/refusal.ts";
import { failureText } from "../parts/failure.tsx";
import { Beacon, Icon } from "../parts/icons.tsx";
import { Switches } from "../shell/switches.tsx";
import type { Dictionary } from "../text/en.ts";
import { useText } from "../text/language.ts";

/** Signs in and goes back to where the session ended. */
export function LoginPage(): ReactElement {
  const text = useText();
  const router = useRouter();
  const { to } = useSearch({ from: "/login" });
  const [user, setUser] = useState("admin");
  const [password, setPassword] = useState("");
  const [ended] = useState(() => queryClient.getQueryData(sessionQuery.queryKey) !== undefined);
  const login = useMutation({
    mutationFn: () => hub.login(user, password),
    onSuccess: (session) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, session);
      router.history.replace(to ?? "/alerts");
    },
    onError: () => setPassword(""),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <main className="login">
      <form onSubmit={submit} className="panel">
        <h1 className="brand">
          <Beacon size={30} />
          Atalaya
        </h1>
        <p className="tagline">{text.login.tagline}</p>
        {ended && !login.isError && <p className="login-note">{text.login.ended}</p>}
        <TextInput
          label={text.login.user}
          name="username"
          autoComplete="username"
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label={text.login.password}
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
          withAsterisk={false}
          autoFocus
        />
        {login.isError && (
          <p className="login-error" role="alert">
            <Icon name="warning" /> {loginFailure(login.error, text)}
          </p>
        )}
        <Button type="submit" size="sm" fullWidth loading={login.isPending}>
          {text.login.submit}
        </Button>
        <p className="hint">{text.login.hint}</p>
      </form>
      <Switches />
    </main>
  );
}

function loginFailure(error: unknown, text: Dictionary): string {
  if (!(error instanceof Refusal)) return failureText(error, text);
  if (error.code === "LOGIN_SLOWED" || error.status === 429) {
    return error.retryAfterS === undefined ? text.login.slowedSoon : text.login.slowed(error.retryAfterS);
  }
  return error.status === 401 ? text.login.refused : failureText(error, text);
}
