import type { Rule } from "@atalaya/wire/api";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { AttackCard, Card } from "../alert/alert-facts.tsx";
import { Step } from "../alert/triage.tsx";
import { rulesQuery } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { Plain, Sentence } from "../parts/plain.tsx";
import { SeverityName } from "../parts/severity.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { useLanguage, usePick, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { RuleSwitch } from "./rule-switch.tsx";

/** One rule, whole: nothing of it is hidden. */
export function RulePage(): ReactElement {
  const text = useText();
  const { rule: name } = useParams({ from: "/signed-in/rules/$rule" });
  const query = useQuery(rulesQuery);
  const rule = query.data?.find((one) => one.rule === name);
  return (
    <>
      <header className="top">
        <Link to="/rules" className="crumb">
          <Icon name="right" size={14} /> {text.rules.title}
        </Link>
        <TrustLine />
      </header>
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && rule === undefined && (
        <div className="panel notice">
          <h2>{text.rules.notFound}</h2>
          <Link to="/rules" className="button">
            {text.rules.toList}
          </Link>
        </div>
      )}
      {rule !== undefined && !query.isError && <Whole rule={rule} />}
    </>
  );
}

function Whole({ rule }: { rule: Rule }): ReactElement {
  const text = useText();
  const pick = usePick();
  const language = useLanguage();
  return (
    <article aria-labelledby="rule-title">
      <div className={`panel card head edge-${rule.severity}`}>
        <div className="head-facts">
          <SeverityName severity={rule.severity} />
          <span>{text.source[rule.source]}</span>
          <span>{text.rules.alerts24h(rule.alerts_24h)}</span>
          <span>
            {text.rules.lastAlert}: {rule.last_alert_us === null ? text.time.never : <Ago us={rule.last_alert_us} />}
          </span>
        </div>
        <h1 id="rule-title">{visibleString(pick(rule.title))}</h1>
        <p className="other-language" lang={language === "en" ? "es" : "en"}>
          {visibleString(language === "en" ? rule.title.es : rule.title.en)}
        </p>
        <p className="description">
          <Sentence text={pick(rule.description)} />
        </p>
        <div className="actions">
          <RuleSwitch rule={rule} />
          <span>{rule.enabled ? text.rules.on : text.rules.off}</span>
          <Link to="/alerts" search={{ rule: rule.rule, status: "all" }} className="button">
            {text.rules.showAlerts}
          </Link>
        </div>
      </div>
      <div className="two">
        <div>
          <Code title={text.rules.condition} code={rule.condition} />
          <Code title={text.rules.output} code={rule.output} />
          <Card title={text.alert.todo}>
            {rule.triage.length === 0 ? (
              <p className="soft">{text.alert.noTriage}</p>
            ) : (
              <ol className="steps">
                {rule.triage.map((step) => (
                  <li key={step.en}>
                    <Step step={pick(step)} />
                  </li>
                ))}
              </ol>
            )}
          </Card>
        </div>
        <div>
          <Facts rule={rule} />
          <AttackCard alert={rule} />
          {rule.blind_spots.length > 0 && (
            <Card title={text.alert.blind}>
              <ul className="blind">
                {rule.blind_spots.map((one) => (
                  <li key={one.en}>
                    <Sentence text={pick(one)} />
                  </li>
                ))}
              </ul>
            </Card>
          )}
        </div>
      </div>
    </article>
  );
}

function Code({ title, code }: { title: string; code: string }): ReactElement {
  return (
    <Card title={title} aside={<CopyButton value={code} />}>
      <pre className="mono wrapped">
        <Plain text={code.trim().replace(/\s+/g, " ")} />
      </pre>
    </Card>
  );
}

function Facts({ rule }: { rule: Rule }): ReactElement {
  const text = useText();
  return (
    <Card title={text.alert.rule}>
      <dl>
        <dt>{text.alert.rule}</dt>
        <dd>
          <Plain text={rule.rule} />
        </dd>
        <dt>{text.rules.priority}</dt>
        <dd>{rule.priority}</dd>
        <dt>{text.rules.pack}</dt>
        <dd>
          <Plain text={rule.pack} />
        </dd>
        <dt>{text.rules.file}</dt>
        <dd className="mono">
          <Plain text={`${rule.file}:${rule.line}`} />
        </dd>
        <dt>{text.rules.tags}</dt>
        <dd className="tags">
          {rule.tags.map((tag) => (
            <span key={tag} className="tag">
              {visibleString(tag)}
            </span>
          ))}
        </dd>
      </dl>
    </Card>
  );
}
