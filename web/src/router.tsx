import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { readFilters } from "./alerts/alert-filters.ts";
import { readPlace } from "./inventory/inventory-place.ts";
import { LoginPage } from "./login/login-page.tsx";
import { ListSkeleton } from "./parts/skeletons.tsx";
import { readProcessFilters } from "./processes/process-filters.ts";
import { Crashed } from "./shell/crashed.tsx";
import { NotFound } from "./shell/not-found.tsx";
import { Shell } from "./shell/shell.tsx";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  component: LoginPage,
  validateSearch: (search: Record<string, unknown>): { to?: string } => {
    const to = search["to"];
    // Only a place inside this page: never another host.
    return typeof to === "string" && /^\/(?![/\\])/.test(to) ? { to } : {};
  },
});

const signedIn = createRoute({ getParentRoute: () => root, id: "signed-in", component: Shell });

const index = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/alerts", replace: true });
  },
});

const alerts = createRoute({
  getParentRoute: () => signedIn,
  path: "/alerts",
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import("./alerts/alerts-page.tsx"), "AlertsPage"),
});

const alert = createRoute({
  getParentRoute: () => signedIn,
  path: "/alerts/$alertId",
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import("./alert/alert-page.tsx"), "AlertPage"),
});

const words = (search: Record<string, unknown>): { q?: string } => {
  const q = search["q"];
  return typeof q === "string" && q !== "" ? { q: q.slice(0, 256) } : {};
};

const processes = createRoute({
  getParentRoute: () => signedIn,
  path: "/processes",
  validateSearch: readProcessFilters,
  component: lazyRouteComponent(() => import("./processes/processes-page.tsx"), "ProcessesPage"),
});

const rules = createRoute({
  getParentRoute: () => signedIn,
  path: "/rules",
  validateSearch: words,
  component: lazyRouteComponent(() => import("./rules/rules-page.tsx"), "RulesPage"),
});

const rule = createRoute({
  getParentRoute: () => signedIn,
  path: "/rules/$rule",
  component: lazyRouteComponent(() => import("./rules/rule-page.tsx"), "RulePage"),
});

const sensors = createRoute({
  getParentRoute: () => signedIn,
  path: "/sensors",
  component: lazyRouteComponent(() => import("./sensors/sensors-page.tsx"), "SensorsPage"),
});

const inventory = createRoute({
  getParentRoute: () => signedIn,
  path: "/inventory",
  validateSearch: readPlace,
  component: lazyRouteComponent(() => import("./inventory/inventory-page.tsx"), "InventoryPage"),
});

const nodes = createRoute({
  getParentRoute: () => signedIn,
  path: "/nodes",
  component: lazyRouteComponent(() => import("./nodes/nodes-page.tsx"), "NodesPage"),
});

const changes = createRoute({
  getParentRoute: () => signedIn,
  path: "/changes",
  component: lazyRouteComponent(() => import("./changes/changes-page.tsx"), "ChangesPage"),
});

const drift = createRoute({
  getParentRoute: () => signedIn,
  path: "/drift",
  component: lazyRouteComponent(() => import("./drift/drift-page.tsx"), "DriftPage"),
});

const recorder = createRoute({
  getParentRoute: () => signedIn,
  path: "/recorder",
  component: lazyRouteComponent(() => import("./recorder/recorder-page.tsx"), "RecorderPage"),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/settings-page.tsx"), "SettingsPage"),
});

/** The page's places. Search values are plain text in the address bar (`severity=high`), never JSON. */
export const router = createRouter({
  routeTree: root.addChildren([
    login,
    signedIn.addChildren([
      index,
      alerts,
      alert,
      processes,
      inventory,
      rules,
      rule,
      drift,
      recorder,
      sensors,
      nodes,
      changes,
      settings,
    ]),
  ]),
  // What no route asks for by name never reaches a component.
  search: { strict: true },
  defaultPreload: "intent",
  defaultErrorComponent: Crashed,
  defaultNotFoundComponent: NotFound,
  defaultPendingComponent: ListSkeleton,
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(search))
      if (typeof value === "string" && value !== "") query.set(name, value);
    const text = query.toString().replaceAll("%2C", ",");
    return text === "" ? "" : `?${text}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
