import type { ReactElement } from "react";
import { keyed, Plain } from "../parts/plain.tsx";
import { useText } from "../text/language.ts";
import type { FormIssue } from "./read-forms.ts";

/** What is wrong with the rows of a policy; `rowWord` is what a row is called. */
export function FormIssues({ issues, rowWord }: { issues: readonly FormIssue[]; rowWord: string }): ReactElement {
  const { scope: text } = useText();
  const what = (issue: FormIssue) => {
    if ("message" in issue) return issue.message;
    return "repeats" in issue ? text.keyRepeated(issue.repeats) : text.noName;
  };
  const sentence = (issue: FormIssue) => (issue.row === "" ? what(issue) : `${rowWord} ${issue.row}: ${what(issue)}`);
  return (
    <ul className="policy-issues" role="alert">
      {keyed(issues).map(([key, issue]) => (
        <li key={key}>
          <Plain text={sentence(issue)} />
        </li>
      ))}
    </ul>
  );
}
