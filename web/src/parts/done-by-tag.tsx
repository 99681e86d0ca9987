import type { DoneByShort } from "@atalaya/wire/api";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { useText } from "../text/language.ts";
import { Plain } from "./plain.tsx";

/** Who did it, in two words: the user, or who it may have been. */
export function DoneByTag({ users, how, certainty }: DoneByShort): ReactElement {
  const { doneBy: text } = useText();
  const names = users.slice(0, limits.usersInTag);
  if (users.length > names.length) names.push(text.more(users.length - names.length));
  const joined = names.join(certainty === "known" ? ", " : text.or);
  const isKnown = certainty === "known" && how === "started";
  return (
    <span className="tag by" title={text.howLong[how]}>
      <Plain
        text={
          isKnown ? text.started(joined) : certainty === "known" ? `${text.how[how]}: ${joined}` : text.maybe(joined)
        }
      />
    </span>
  );
}
