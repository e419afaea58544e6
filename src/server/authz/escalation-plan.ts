import type { PolicyRule } from '../../api/schema/generated/types.ts';
import { pathMatches } from './rules-plan.ts';

const covers = (owned: readonly string[] | undefined, wanted: string) => owned?.includes('*') || owned?.includes(wanted) || false;

function resourceCovered(owned: readonly string[] | undefined, wanted: string): boolean {
  const slash = wanted.indexOf('/');
  return covers(owned, wanted) || (slash >= 0 && (owned?.includes(`*${wanted.slice(slash)}`) ?? false));
}

/** A rule about one verb of one resource (and name) or of one path. */
type AtomicRule = PolicyRule;

function* atoms(rule: PolicyRule): Generator<AtomicRule> {
  const names = rule.resourceNames?.length ? rule.resourceNames.map((name) => [name]) : [undefined];
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        for (const resourceNames of names) {
          yield { verbs: [verb], apiGroups: [group], resources: [resource], ...(resourceNames && { resourceNames }) };
        }
      }
    }
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] };
  }
}

function atomCovered(owned: PolicyRule, atom: AtomicRule): boolean {
  if (!covers(owned.verbs, atom.verbs[0] ?? '')) return false;
  const url = atom.nonResourceURLs?.[0];
  if (url !== undefined) return pathMatches(owned.nonResourceURLs, url);
  if (!covers(owned.apiGroups, atom.apiGroups?.[0] ?? '') || !resourceCovered(owned.resources, atom.resources?.[0] ?? '')) return false;
  if (!owned.resourceNames?.length) return true;
  const name = atom.resourceNames?.[0];
  return name !== undefined && owned.resourceNames.includes(name);
}

/** What of `wanted` the owner of `owned` does not hold, with verbs of the same thing gathered in one rule. Empty: nothing is escalated. */
export function missingRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = new Map<string, PolicyRule>();
  for (const rule of wanted) {
    for (const atom of atoms(rule)) {
      if (owned.some((each) => atomCovered(each, atom))) continue;
      const { verbs, ...about } = atom;
      const key = JSON.stringify(about);
      const known = missing.get(key);
      missing.set(key, { ...about, verbs: [...new Set([...(known?.verbs ?? []), ...verbs])] });
    }
  }
  return [...missing.values()];
}

const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;

/** One rule in the words of upstream's Forbidden message: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function showRule(rule: PolicyRule): string {
  const parts = [
    rule.apiGroups && `APIGroups:${list(rule.apiGroups)}`,
    rule.resources && `Resources:${list(rule.resources)}`,
    rule.resourceNames && `ResourceNames:${list(rule.resourceNames)}`,
    rule.nonResourceURLs && `NonResourceURLs:${list(rule.nonResourceURLs)}`,
    `Verbs:${list(rule.verbs)}`,
  ];
  return `{${parts.filter(Boolean).join(', ')}}`;
}
