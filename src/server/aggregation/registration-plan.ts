import type { ApiGroup } from '../../api/registry.ts';
import type { APIService } from '../../api/schema/generated/types.ts';

/** Says who keeps an APIService: the server at its start, or for as long as a CustomResourceDefinition is there. */
const MANAGED_LABEL = 'kube-aggregator.kubernetes.io/automanaged';
const AT_START = 'onstart';
const WHILE_SERVED = 'true';
const OWN_GROUP = 'apiregistration.k8s.io';
/**
 * Groups that are never registered: whatever is registered is registered in the first, and the second is for a metrics server to register. It can be created
 * only while it is not there, and takes the place of the server's own answers then.
 */
const NEVER_REGISTERED: ReadonlySet<string> = new Set([OWN_GROUP, 'metrics.k8s.io']);

interface Priority {
  readonly group: number;
  readonly version: number;
}
/** Of groups that CustomResourceDefinitions bring (kubernetes, crdregistration). */
const CUSTOM: Priority = { group: 1000, version: 100 };

/** Where groups stand in discovery: `group:priority` (kubernetes, controlplane/apiserver). */
const GROUP_PRIORITIES: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 15_900,
  'storagemigration.k8s.io': 15_800,
  'metrics.k8s.io': 100,
};
const VERSION_PRIORITY = 15;
const VERSION_PRIORITIES: Readonly<Record<string, number>> = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'storagemigration.k8s.io/v1beta1': 9,
};

function priorityOf(group: string, version: string): Priority {
  const known = GROUP_PRIORITIES[group];
  if (known === undefined) return CUSTOM;
  return { group: known, version: VERSION_PRIORITIES[`${group}/${version}`] ?? VERSION_PRIORITY };
}

/** Where a group that the server answers itself stands among the others. */
export const localGroupPriority = (group: string): number => (group === OWN_GROUP ? Number.POSITIVE_INFINITY : priorityOf(group, '').group);

export interface RegistrationPlan {
  readonly create: readonly APIService[];
  /** Names. */
  readonly remove: readonly string[];
}

/**
 * APIServices for the groups and versions that this server answers itself. What somebody else registered under the same name stays. Those of custom
 * kinds go with them.
 */
export function planRegistrations(
  groups: readonly ApiGroup[],
  builtIn: ReadonlySet<string>,
  existing: readonly APIService[],
): RegistrationPlan {
  const served = groups
    .filter(({ name }) => !NEVER_REGISTERED.has(name))
    .flatMap(({ name, versions }) => versions.map((version) => [name, version] as const));
  const wanted = new Set(served.map(([group, version]) => `${version}.${group}`));
  const known = new Set(existing.map(({ metadata }) => metadata?.name));
  const managed = existing.filter(({ metadata }) => metadata?.labels?.[MANAGED_LABEL] !== undefined);
  return {
    create: served
      .filter(([group, version]) => !known.has(`${version}.${group}`))
      .map(([group, version]) => localService(group, version, builtIn.has(group) ? AT_START : WHILE_SERVED)),
    remove: managed.map(({ metadata }) => metadata?.name ?? '').filter((name) => !wanted.has(name)),
  };
}

function localService(group: string, version: string, keeper: string): APIService {
  const priority = priorityOf(group, version);
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { [MANAGED_LABEL]: keeper } },
    spec: { group, version, groupPriorityMinimum: priority.group, versionPriority: priority.version },
  };
}
