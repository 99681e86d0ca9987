/** Makes room for one more: what was put there first goes. */
export function forgetOldest<K>(kept: Map<K, unknown> | Set<K>): void {
  const oldest = kept.keys().next();
  if (!oldest.done) kept.delete(oldest.value);
}
