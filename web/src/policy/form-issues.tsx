import type { ReactElement } from "react";
import { keyed, Plain } from "../parts/plain.tsx";
import { useText } from "../text/language.ts";
import { issueText } from "./issue-text.ts";
import type { FormIssue } from "./read-forms.ts";

/** What is wrong with the rows of a policy; `rowWord` is what a row is called. */
export function FormIssues({ issues, rowWord }: { issues: readonly FormIssue[]; rowWord: string }): ReactElement {
  const text = useText();
  const sentence = (issue: FormIssue) => {
    const what = issueText(issue, text);
    return issue.row === "" ? what : `${rowWord} ${issue.row}: ${what}`;
  };
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
