/** Reads `spec.replicas` out of an object; undefined where a step is missing. */
export function readPath(object: unknown, path: string): unknown {
  let at = object;
  for (const step of path.split('.').filter(Boolean)) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** Sets a value, making the objects on the way. */
export function writePath(object: object, path: string, value: unknown): void {
  const steps = path.split('.').filter(Boolean);
  const last = steps.pop();
  if (last === undefined) return;
  let at = object as Record<string, unknown>;
  for (const step of steps) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  at[last] = value;
}
