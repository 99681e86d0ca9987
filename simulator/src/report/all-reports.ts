import type { Report } from "./report.ts";

/** Tells each of them everything, in their order. */
export function allReports(reports: readonly Report[]): Report {
  return {
    begin: (rows) => reports.forEach((one) => void one.begin(rows)),
    progress: (what) => reports.forEach((one) => void one.progress(what)),
    news: (line) => reports.forEach((one) => void one.news(line)),
    decided: (index, result, note) => reports.forEach((one) => void one.decided(index, result, note)),
    end: (results) => reports.forEach((one) => void one.end(results)),
  };
}
