/** A signal that Ctrl-C (or SIGTERM) aborts: the end of everything that follows a stream. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
