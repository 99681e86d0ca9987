import type { Rule } from "@atalaya/wire/api";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useMemo, useRef } from "react";
import { rulesQuery, statusQuery } from "../api/queries.ts";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { useKeys } from "../parts/keys.ts";
import { keyed, Plain } from "../parts/plain.tsx";
import { ListSkeleton } from "../parts/skeletons.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { usePick, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { RuleSwitch } from "./rule-switch.tsx";

/** Every rule that can fire: read, searched, switched. */
export function RulesPage(): ReactElement {
  const text = useText();
  const { q = "" } = useSearch({ from: "/signed-in/rules" });
  const navigate = useNavigate();
  const search = useRef<HTMLInputElement>(null);
  const query = useQuery(rulesQuery);
  const rules = useMemo(() => findRules(query.data ?? [], q), [query.data, q]);
  const on = query.data?.filter((rule) => rule.enabled).length ?? 0;
  useKeys([["/", () => search.current?.focus()]]);
  return (
    <>
      <header className="top">
        <h1>{text.rules.title}</h1>
        <search className="search">
          <Icon name="search" />
          <input
            ref={search}
            type="text"
            value={q}
            placeholder={text.rules.search}
            aria-label={text.rules.search}
            maxLength={256}
            onChange={({ currentTarget: { value } }) =>
              void navigate({ to: "/rules", search: value === "" ? {} : { q: value }, replace: true })
            }
          />
          <span className="key" aria-hidden="true">
            /
          </span>
        </search>
        <TrustLine />
      </header>
      <Problems />
      {query.isPending && <ListSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && query.data.length === 0 && (
        <div className="panel notice">
          <h2>{text.rules.emptyTitle}</h2>
          <p>{text.rules.emptyText}</p>
        </div>
      )}
      {query.isSuccess && query.data.length > 0 && (
        <>
          <p className="count-line">{text.rules.count(on, query.data.length)}</p>
          {rules.length === 0 && <div className="panel notice">{text.rules.noMatch}</div>}
          {rules.length > 0 && (
            <ul className="panel rules">
              {rules.map((rule) => (
                <RuleRow key={rule.rule} rule={rule} />
              ))}
            </ul>
          )}
        </>
      )}
    </>
  );
}

function RuleRow({ rule }: { rule: Rule }): ReactElement {
  const text = useText();
  const pick = usePick();
  return (
    <li className={rule.enabled ? "rule" : "rule off"}>
      <span className={`bar s-${rule.severity}`} aria-hidden="true" />
      <Link to="/rules/$rule" params={{ rule: rule.rule }} className="rule-link">
        <span className="rule-title">
          <span className="visually-hidden">{text.severity[rule.severity]}: </span>
          {visibleString(pick(rule.title))}
        </span>
        <span className="rule-facts">
          <span>{visibleString(rule.rule)}</span>
          <span>{text.source[rule.source]}</span>
          <span className="mono">{rule.attack.map(({ id }) => id).join(" ")}</span>
        </span>
      </Link>
      <span className={rule.alerts_24h > 0 ? "rule-count" : "rule-count soft"}>
        {text.rules.alerts24h(rule.alerts_24h)}
      </span>
      <RuleSwitch rule={rule} />
    </li>
  );
}

/** What of the rule files could not be loaded: where, and why. */
function Problems(): ReactElement | null {
  const text = useText();
  const { data } = useQuery(statusQuery);
  const problems = data?.rule_problems ?? [];
  if (problems.length === 0) return null;
  return (
    <section className="panel problems" role="alert">
      <h2>
        <Icon name="warning" /> {text.rules.problems(problems.length)}
      </h2>
      <ul className="mono">
        {keyed(problems).map(([key, { file, line, column, reason }]) => (
          <li key={key}>
            <b>
              <Plain text={`${file}:${line}:${column}`} />
            </b>{" "}
            <Plain text={reason} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Rules whose texts, in either language, hold every word; those that fired most lately come first. */
function findRules(rules: readonly Rule[], q: string): Rule[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rules.filter((rule) => {
    const texts = [rule.rule, rule.title.en, rule.title.es, rule.description.en, rule.description.es, rule.file];
    const text = [...texts, ...rule.tags, ...rule.attack.flatMap(({ id, name }) => [id, name])]
      .join("\n")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return found.sort((a, b) => b.alerts_24h - a.alerts_24h || a.rule.localeCompare(b.rule));
}
