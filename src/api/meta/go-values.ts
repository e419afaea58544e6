import type { LabelSelector } from './object.ts';

/** Values as Go prints them in messages: the keys of maps sorted, and `null` for a map that is not there. */
export const shownMap = (map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | null =>
  map ? Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))) : null;

export const shownSelector = ({ matchLabels, matchExpressions }: LabelSelector): LabelSelector => ({
  ...(matchLabels && { matchLabels: shownMap(matchLabels) ?? {} }),
  ...(matchExpressions && { matchExpressions }),
});
