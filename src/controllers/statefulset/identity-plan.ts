import type { KubeObject } from '../../api/meta/object.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet, Volume } from '../../api/schema/generated/types.ts';
import { ownerReference } from '../lib/ownership-plan.ts';
import { REVISION_HASH_LABEL } from '../lib/revision-history-plan.ts';
import { wantedClaimOwners } from './claim-owners-plan.ts';

const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** Ordinals from `start` on, `count` of them. */
export interface Ordinals {
  readonly start: number;
  readonly count: number;
}

export const ordinalsOf = ({ spec }: StatefulSet): Ordinals => ({ start: spec?.ordinals?.start ?? 0, count: spec?.replicas ?? 1 });

export const isInRange = ({ start, count }: Ordinals, ordinal: number): boolean => ordinal >= start && ordinal < start + count;

/** The number at the end of a member's name; undefined: the name is not one that the set gives. */
export function ordinalOf(set: StatefulSet, { metadata }: KubeObject): number | undefined {
  const match = /^(.*)-([0-9]+)$/.exec(metadata?.name ?? '');
  if (!match || match[1] !== set.metadata?.name) return undefined;
  const ordinal = Number(match[2]);
  return ordinal <= 0x7fffffff && String(ordinal) === match[2] ? ordinal : undefined;
}

export const memberName = (set: StatefulSet, ordinal: number): string => `${set.metadata?.name}-${ordinal}`;

export const revisionOf = (pod: Pod): string => pod.metadata?.labels?.[REVISION_HASH_LABEL] ?? '';

/** The claims of one member, as its templates say. They are there before the pod, and stay when it goes unless the retention policy says otherwise. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map(({ metadata, spec }) => {
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        ...metadata,
        name: `${metadata?.name}-${memberName(set, ordinal)}`,
        namespace: set.metadata?.namespace,
        labels: { ...metadata?.labels, ...set.spec?.selector.matchLabels },
      },
      spec,
    };
    const owners = wantedClaimOwners(set, undefined, claim);
    return { ...claim, metadata: { ...claim.metadata, ...(owners.length > 0 && { ownerReferences: owners }) } };
  });
}

/** The member's volumes: those of its claims, in place of volumes of the same name in the template. */
function volumesOf(set: StatefulSet, ordinal: number, others: readonly Volume[]): Volume[] {
  const claimed = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => {
    const name = metadata?.name ?? '';
    return { name, persistentVolumeClaim: { claimName: `${name}-${memberName(set, ordinal)}` } };
  });
  return [...claimed, ...others.filter(({ name }) => !claimed.some((volume) => volume.name === name))];
}

/** A new pod of the set at one revision. */
export function memberPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): Pod {
  const { metadata, spec } = template;
  const name = memberName(set, ordinal);
  const volumes = volumesOf(set, ordinal, spec?.volumes ?? []);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata?.namespace,
      labels: { ...metadata?.labels, ...identityLabels(name, ordinal), [REVISION_HASH_LABEL]: revision },
      annotations: metadata?.annotations,
      finalizers: metadata?.finalizers,
      ownerReferences: [ownerReference(set, 'apps/v1', 'StatefulSet')],
    },
    spec: {
      ...spec,
      containers: spec?.containers ?? [],
      hostname: name,
      ...(set.spec?.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

const identityLabels = (name: string, ordinal: number) => ({ [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) });

/** The pod with the identity and the volumes that its ordinal gives; undefined: it has them. */
export function repaired(set: StatefulSet, pod: Pod, ordinal: number): Pod | undefined {
  const name = memberName(set, ordinal);
  const volumes = pod.spec?.volumes ?? [];
  const claimed = volumesOf(set, ordinal, []);
  const hasClaims = claimed.every(({ name: of, persistentVolumeClaim: claim }) =>
    volumes.some((v) => v.name === of && v.persistentVolumeClaim?.claimName === claim?.claimName),
  );
  if (hasClaims && pod.metadata?.labels?.[POD_NAME_LABEL] === name) return undefined;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, ...identityLabels(name, ordinal) } },
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], ...(!hasClaims && { volumes: volumesOf(set, ordinal, volumes) }) },
  };
}
