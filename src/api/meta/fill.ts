/** Sets what is absent (or null) in `draft`; whatever is there stays. Returns the draft. */
export function fill<T extends object>(draft: T, defaults: Partial<T>): T {
  for (const [key, value] of Object.entries(defaults) as [keyof T, T[keyof T]][]) {
    if (draft[key] === undefined || draft[key] === null) draft[key] = value;
  }
  return draft;
}

/** As `fill`, where zero and the empty string mean "not given" as well (fields that are no pointers upstream). */
export function fillZero<T extends object>(draft: T, defaults: Partial<T>): T {
  for (const [key, value] of Object.entries(defaults) as [keyof T, T[keyof T]][]) {
    if (!draft[key]) draft[key] = value;
  }
  return draft;
}
