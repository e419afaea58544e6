/** Sets what is absent (or null) in `draft`; whatever is there stays. Returns the draft. */
export function fill<T extends object>(draft: T, defaults: Partial<T>): T {
  for (const key in defaults) {
    if (draft[key] === undefined || draft[key] === null) draft[key] = defaults[key] as T[typeof key];
  }
  return draft;
}

/** As `fill`, where zero and the empty string mean "not given" as well (fields that are no pointers upstream). */
export function fillZero<T extends object>(draft: T, defaults: Partial<T>): T {
  for (const key in defaults) {
    if (!draft[key]) draft[key] = defaults[key] as T[typeof key];
  }
  return draft;
}
