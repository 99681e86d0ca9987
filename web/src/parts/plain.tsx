import { Fragment, type ReactElement } from "react";
import { visiblePieces } from "../text/visible-text.ts";

/** Text that an attacker may have chosen: what would hide is made visible, and it cannot reorder its neighbours. */
export function Plain({ text }: { text: string }): ReactElement {
  return (
    <bdi dir="auto">
      {keyed(visiblePieces(text)).map(([key, piece]) =>
        piece.hidden === undefined ? (
          <Fragment key={key}>{piece.text}</Fragment>
        ) : (
          <span key={key} className="hidden-character" title={piece.hidden}>
            {piece.text}
          </span>
        ),
      )}
    </bdi>
  );
}

const quoted = /“[^”]*”|«[^»]*»|`[^`]*`/g;

/** A sentence of a rule: what stands in quotes or backticks is a value and is set as code. */
export function Sentence({ text }: { text: string }): ReactElement {
  const parts: ReactElement[] = [];
  let from = 0;
  for (const match of text.matchAll(quoted)) {
    if (match.index > from) parts.push(<Plain key={from} text={text.slice(from, match.index)} />);
    parts.push(
      <code key={`c${match.index}`}>
        <Plain text={match[0].slice(1, -1)} />
      </code>,
    );
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(<Plain key={from} text={text.slice(from)} />);
  return <>{parts}</>;
}

/** Pairs each element with a key that is its place: for lists that are never reordered. */
export function keyed<T>(items: readonly T[]): [string, T][] {
  return items.map((item, at) => [String(at), item]);
}
