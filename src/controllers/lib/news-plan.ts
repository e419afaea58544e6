/**
 * Did the change touch the facts? Nodes and pods report often, and most reports say nothing that a controller acts on. What came or went (no
 * counterpart) is news.
 */
export const isNews = <T>(factsOf: (object: T) => string, object: T, counterpart: T | undefined): boolean =>
  counterpart === undefined || factsOf(object) !== factsOf(counterpart);
