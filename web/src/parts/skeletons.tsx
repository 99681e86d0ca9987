import { Skeleton } from "@mantine/core";
import type { ReactElement } from "react";
import { useText } from "../text/language.ts";

const widths = [46, 62, 38, 54, 70, 42, 58, 50];

/** Rows that are on their way. */
export function ListSkeleton(): ReactElement {
  const text = useText();
  return (
    <div className="panel" role="status" aria-label={text.shell.loading}>
      {widths.map((width) => (
        <div key={width} className="skeleton-row">
          <Skeleton height={13} width={`${width * 0.6}%`} />
          <Skeleton height={11} width={`${width}%`} mt={8} />
        </div>
      ))}
    </div>
  );
}

/** Cards that are on their way. */
export function CardSkeleton(): ReactElement {
  const text = useText();
  return (
    <div role="status" aria-label={text.shell.loading}>
      {[3, 5, 4].map((lines) => (
        <div key={lines} className="panel card">
          <Skeleton height={12} width="20%" mb={14} />
          {widths.slice(0, lines).map((width) => (
            <Skeleton key={width} height={11} width={`${width + 20}%`} mt={9} />
          ))}
        </div>
      ))}
    </div>
  );
}
