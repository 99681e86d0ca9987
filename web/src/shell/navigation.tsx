import { ActionIcon, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { hub } from "../api/hub.ts";
import { queryClient, sessionQuery, statusQuery } from "../api/queries.ts";
import { Beacon, Icon, type IconName } from "../parts/icons.tsx";
import { number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { Switches } from "./switches.tsx";

const places = [
  ["/alerts", "alerts", "bell"],
  ["/processes", "processes", "search"],
  ["/inventory", "inventory", "inventory"],
  ["/rules", "rules", "rules"],
  ["/drift", "drift", "block"],
  ["/recorder", "recorder", "record"],
  ["/sensors", "sensors", "sensor"],
  ["/nodes", "nodes", "link"],
  ["/settings", "settings", "settings"],
] as const satisfies readonly (readonly [string, string, IconName])[];

/** The column at the left; on a small screen a bar at the bottom. */
export function Navigation({ showKeys }: { showKeys: () => void }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const { data: status } = useQuery(statusQuery);
  const { data: session } = useQuery(sessionQuery);
  return (
    <nav className="nav" aria-label={text.nav.main}>
      <Link to="/alerts" className="brand">
        <Beacon />
        Atalaya
      </Link>
      <div className="places">
        {places.map(([to, name, icon]) => (
          <Link key={to} to={to} className="place" activeProps={{ className: "on", "aria-current": "page" }}>
            <Icon name={icon} size={18} />
            <span>{text.nav[name]}</span>
            {name === "alerts" && status !== undefined && status.alerts_open > 0 && (
              <b>{number(status.alerts_open, language)}</b>
            )}
          </Link>
        ))}
      </div>
      <div className="foot">
        <AccountMenu showKeys={showKeys} />
        <div>
          <b>{session?.user}</b>
          <span>
            {text.shell.workspace} {session?.workspace}
          </span>
        </div>
      </div>
    </nav>
  );
}

function AccountMenu({ showKeys }: { showKeys: () => void }): ReactElement {
  const text = useText();
  const navigate = useNavigate();
  const { data: session } = useQuery(sessionQuery);
  const signOut = async () => {
    await hub.logout().catch(() => undefined);
    queryClient.clear();
    await navigate({ to: "/login" });
  };
  return (
    <Menu position="top-start" shadow="md" width={230}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          size="lg"
          aria-label={text.shell.signedInAs(session?.user ?? "")}
          className="account"
        >
          {(session?.user ?? "?").slice(0, 1).toUpperCase()}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{text.shell.signedInAs(session?.user ?? "")}</Menu.Label>
        <Switches />
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="keyboard" />} onClick={showKeys}>
          {text.shell.keys}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="out" />} onClick={() => void signOut()}>
          {text.shell.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
