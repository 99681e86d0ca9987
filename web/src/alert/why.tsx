import type { Alert, WhyNode } from "@atalaya/wire/api";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { LongText } from "../parts/long-text.tsx";
import { keyed, Plain } from "../parts/plain.tsx";
import type { Dictionary } from "../text/en.ts";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { Card } from "./alert-facts.tsx";
import { plainWhy } from "./plain-why.ts";

/** The condition leaf by leaf with the values that were seen: what held stands out, what did not is folded away. */
export function WhyCard({ alert }: { alert: Alert }): ReactElement {
  const text = useText();
  const aside = (
    <>
      <Link to="/rules/$rule" params={{ rule: alert.rule }}>
        {visibleString(alert.rule)}
      </Link>{" "}
      · <span title={`${visibleString(alert.rule_file)}:${alert.rule_line}`}>{text.alert.line(alert.rule_line)}</span>
    </>
  );
  const top = plainWhy(alert.why);
  return (
    <Card title={text.alert.why} aside={aside}>
      <ul className="why mono">
        {top.kind === "and" && top.children !== undefined ? (
          <Children nodes={top.children} fold={false} />
        ) : (
          <Node node={top} />
        )}
      </ul>
      <details className="more">
        <summary>{text.alert.condition}</summary>
        <pre className="mono">
          <Plain text={alert.condition.trim()} />
        </pre>
      </details>
    </Card>
  );
}

function Node({ node }: { node: WhyNode }): ReactElement {
  const text = useText();
  const children = node.children ?? [];
  return (
    <li className={node.result ? "yes" : "no"}>
      <span className="sign">
        <span aria-hidden="true">{node.result ? "✓" : "✗"}</span>
        <span className="visually-hidden">{node.result ? text.alert.held : text.alert.notHeld}: </span>
      </span>
      <div>
        {children.length === 0 ? (
          <>
            <span className="leaf">
              <Plain text={node.text} />
            </span>{" "}
            <Value node={node} />
          </>
        ) : node.kind === "macro" ? (
          <details open={node.result}>
            <summary>
              <Plain text={node.text} />
            </summary>
            <ul>
              <Children nodes={children} fold={node.result} />
            </ul>
          </details>
        ) : (
          <>
            <span className="operator">
              {node.kind === "count" ? <Plain text={node.text} /> : operatorName(node, text)}
            </span>{" "}
            <Value node={node} />
            <ul>
              <Children nodes={children} fold={node.kind === "or" && node.result} />
            </ul>
          </>
        )}
      </div>
    </li>
  );
}

/** With `fold`, what did not hold (the other ways in which an "or" could have) is counted and shown on demand. */
function Children({ nodes, fold }: { nodes: readonly WhyNode[]; fold: boolean }): ReactElement {
  const text = useText();
  const [all, setAll] = useState(false);
  const hidden = fold && !all ? nodes.filter((node) => !node.result) : [];
  const shown = hidden.length === 0 ? nodes : nodes.filter((node) => node.result);
  return (
    <>
      {keyed(shown).map(([key, node]) => (
        <Node key={key} node={node} />
      ))}
      {hidden.length > 0 && (
        <li className="folded">
          <button type="button" className="text-button" onClick={() => setAll(true)}>
            {text.alert.othersFalse(hidden.length)}
          </button>
        </li>
      )}
    </>
  );
}

function Value({ node }: { node: WhyNode }): ReactElement | null {
  const text = useText();
  if (node.value !== undefined) {
    return (
      <span className="value">
        <LongText text={node.value} />
      </span>
    );
  }
  return node.kind === "leaf" && !node.result ? <span className="value missing">{text.alert.missing}</span> : null;
}

function operatorName({ kind }: WhyNode, text: Dictionary): string {
  if (kind === "and") return text.alert.allOf;
  if (kind === "or") return text.alert.oneOf;
  if (kind === "not") return text.alert.not;
  return text.alert.macro;
}
