import { globMatcher } from "../compile/glob.ts";
import type { EventView, FieldValue, Read } from "../event-view.ts";
import { absentField, boundField, type Field } from "./field.ts";

// Falco's `container.mounts` and `container.mount.*`: what a container has of its host, told with each program that starts in
// it where a rule speaks of it.

type Mount = { source: string; dest: string; rdwr: string; propagation: string };

/** undefined where nothing is known of the container's mounts. */
function mountsOf({ event }: EventView): readonly Mount[] | undefined {
  if (event?.class !== "process" || event.container_mounts === null) return undefined;
  const { container_mounts: told } = event;
  const mounts: Mount[] = [];
  for (let i = 0; i + 2 < told.length; i += 3) {
    const [source = "", dest = "", options = ""] = told.slice(i, i + 3);
    const [access = "", propagation = ""] = options.split(",");
    mounts.push({ source, dest, rdwr: String(access === "rw"), propagation });
  }
  return mounts;
}

/** As in Falco `source:dest:mode:rdwr:propagation`; a mode (Docker's word) is in no config. */
const text = ({ source, dest, rdwr, propagation }: Mount): string => `${source}:${dest}::${rdwr}:${propagation}`;

/** By its number, or by a path that may be a glob: the first that fits. */
function mountField(name: string, key: "source" | "dest", get: (mount: Mount) => string, none?: string): Field {
  const bind = (argument = ""): Read => {
    const matches = globMatcher(argument);
    const find = (mounts: readonly Mount[]): Mount | undefined =>
      /^\d+$/.test(argument) ? mounts[Number(argument)] : mounts.find((mount) => matches(mount[key]));
    return (view): FieldValue => {
      const mounts = mountsOf(view);
      if (mounts === undefined) return undefined;
      const mount = find(mounts);
      return mount === undefined ? none : get(mount);
    };
  };
  return boundField("syscall", name, "string", bind, { argument: "key", argumentRequired: true, classes: ["process"] });
}

export const mountFields: readonly Field[] = [
  boundField("syscall", "container.mounts", "string", () => (view) => mountsOf(view)?.map(text).join(","), {
    classes: ["process"],
  }),
  mountField("container.mount", "source", text, "none"),
  mountField("container.mount.dest", "source", ({ dest }) => dest),
  mountField("container.mount.source", "dest", ({ source }) => source),
  mountField("container.mount.rdwr", "source", ({ rdwr }) => rdwr),
  mountField("container.mount.propagation", "source", ({ propagation }) => propagation),
  absentField("container.mount.mode", "string", { argument: "key", argumentRequired: true }),
];
