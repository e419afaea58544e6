/** Ends a switch over a union: the compiler proves that no case is left, and a run-time surprise is loud. */
export function unreachable(x: never): never {
  throw new Error(`unreachable: ${JSON.stringify(x)}`);
}
