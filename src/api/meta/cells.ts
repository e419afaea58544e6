import type { LabelSelector } from './object.ts';
import { formatLabelSelector } from './selectors.ts';
import { ApiError } from './status.ts';

/** The words that table cells use for what is not there. */
export const NONE = '<none>';
export const UNSET = '<unset>';
export const UNKNOWN = '<unknown>';

/** `a=b,c=d`, sorted by key; `<none>` when empty. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? pairs.sort().join(',') : NONE;
}

/** The first `limit` entries, then `+ 4 more...`. */
export function firstFew(all: readonly string[], limit: number): string {
  const shown = all.slice(0, limit).join(',');
  return all.length > limit ? `${shown} + ${all.length - limit} more...` : shown;
}

/** Go's `%v` of a *bool, capitalised as kubectl's tables have it. */
export const boolCell = (value: boolean | undefined): string => (value === undefined ? UNSET : value ? 'True' : 'False');

/** RWO, ROX, RWX, RWOP in this order, each once. */
export function accessModesCell(modes: readonly string[] | undefined): string {
  const abbreviations = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
  return Object.entries(abbreviations)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** Addresses of a load balancer, each once, sorted. */
export function loadBalancerCell(ingress: readonly { ip?: string; hostname?: string }[] | undefined): string {
  const addresses = (ingress ?? []).map((i) => i.ip || i.hostname || '').filter(Boolean);
  return [...new Set(addresses)].sort().join(',');
}

/** A label selector as kubectl prints it; `<none>` when it selects everything. Kinds that nothing acts on may hold one that is none. */
export function selectorCell(selector: LabelSelector | undefined): string {
  try {
    return formatLabelSelector(selector) || NONE;
  } catch (e) {
    if (e instanceof ApiError) return '<error>';
    throw e;
  }
}
