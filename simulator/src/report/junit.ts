import { writeFileSync } from "node:fs";
import { Fault } from "@atalaya/wire";
import type { Report } from "./report.ts";
import type { Result } from "./result.ts";

type Decided = { result: Result; note: string };

/** Writes a JUnit file when the run ends: a suite a scenario, a case an expected alert. */
export function junitReport(file: string): Report {
  const decided: Decided[] = [];
  return {
    begin: () => {},
    progress: () => {},
    news: () => {},
    decided: (_index, result, note) => void decided.push({ result, note }),
    end() {
      try {
        writeFileSync(file, junitXml(decided));
      } catch (cause) {
        throw new Fault("DATA_UNWRITABLE", `${file} cannot be written`, { file }, cause);
      }
    },
  };
}

/** The file's text. A missed alert is a failure, an attack without effect an error, what the run cannot show is skipped. */
export function junitXml(decided: readonly Decided[]): string {
  const scenarios = [...new Set(decided.map(({ result }) => result.scenario))];
  const suites = scenarios.map((name) =>
    suite(
      name,
      decided.filter(({ result }) => result.scenario === name),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="atalaya simulate"${counts(decided)}>\n${suites.join("")}</testsuites>\n`;
}

function suite(name: string, decided: readonly Decided[]): string {
  return `  <testsuite name="${xml(name)}"${counts(decided)}>\n${decided.map(testCase).join("")}  </testsuite>\n`;
}

function counts(decided: readonly Decided[]): string {
  const of = (...statuses: Result["status"][]) =>
    decided.filter(({ result }) => statuses.includes(result.status)).length;
  const seconds = decided.reduce((sum, { result }) => sum + (result.seconds ?? 0), 0);
  return ` tests="${decided.length}" failures="${of("missed")}" errors="${of("attack_failed")}" skipped="${of("needs_cluster", "not_covered")}" time="${seconds.toFixed(3)}"`;
}

function testCase({ result, note }: Decided): string {
  const { scenario, alert, seconds } = result;
  const start = `    <testcase classname="atalaya.simulation.${xml(scenario)}" name="${xml(alert)}" time="${(seconds ?? 0).toFixed(3)}"`;
  const inside = outcome(result, note);
  return inside === "" ? `${start}/>\n` : `${start}>\n      ${inside}\n    </testcase>\n`;
}

function outcome({ status }: Result, note: string): string {
  if (status === "alerted") return "";
  if (status === "missed") return '<failure message="no alert came"/>';
  if (status === "attack_failed") return `<error message="${xml(`the attack had no effect: ${note}`)}"/>`;
  return `<skipped message="${status === "needs_cluster" ? "needs a cluster" : "not covered"}"/>`;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML 1.0 knows no control characters but tab and line ends, not even escaped. */
function xml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "�")
      .replace(/[&<>"]/g, (one) => entities[one] ?? one)
  );
}
