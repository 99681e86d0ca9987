import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useText } from "../text/language.ts";

/** An address that is no place of this page. */
export function NotFound(): ReactElement {
  const text = useText();
  return (
    <div className="panel notice">
      <h2>404</h2>
      <Link to="/alerts" className="button">
        {text.alert.toList}
      </Link>
    </div>
  );
}
