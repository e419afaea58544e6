import type { PolicyRule } from '../../api/schema/generated/types.ts';

const VERBS: Readonly<Record<string, readonly string[]>> = {
  read: ['get', 'list', 'watch'],
  write: ['create', 'delete', 'deletecollection', 'patch', 'update'],
};
const EVENTS: PolicyRule = { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] };

/**
 * Reads one line of the tables beside this file:
 * - `apps+extensions/deployments,deployments/scale: read update`: groups (`core` is the empty one), resources, verbs;
 *   `read` stands for get, list, watch and `write` for create, delete, deletecollection, patch, update;
 * - `core/configmaps(cluster-info): get`: with resource names;
 * - `/healthz,/healthz/*: get`: paths;
 * - `events`: writing Events, which most components do.
 * Throws on any other text.
 */
export function parseRule(line: string): PolicyRule {
  if (line === 'events') return EVENTS;
  const [, what = '', verbText = ''] = /^(\S+): (.+)$/.exec(line) ?? [];
  if (!what) throw new Error(`not a rule: ${line}`);
  const verbs = verbText.split(' ').flatMap((verb) => VERBS[verb] ?? [verb]);
  if (what.startsWith('/') || what === '*') return { nonResourceURLs: what.split(','), verbs };
  const [, groups = '', resources = '', names] = /^([^/]+)\/([^()]+)(?:\((.+)\))?$/.exec(what) ?? [];
  if (!resources) throw new Error(`not a rule: ${line}`);
  return {
    apiGroups: groups.split('+').map((group) => (group === 'core' ? '' : group)),
    resources: resources.split(','),
    ...(names && { resourceNames: names.split(',') }),
    verbs,
  };
}
