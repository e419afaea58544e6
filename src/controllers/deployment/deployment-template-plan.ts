import { defaultPodTemplate } from '../../api/core/defaults-pod-spec.ts';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../api/schema/generated/types.ts';
import { prune } from '../../api/schema/index.ts';
import { canonical, templateHash } from '../lib/template-hash-plan.ts';
import { ADMITTED_TEMPLATE } from './deployment-annotations-plan.ts';
import { oldestFirst } from './rolling-plan.ts';

export const HASH_LABEL = 'pod-template-hash';

type Template = PodTemplateSpec | undefined;

export function withoutHash(template: Template): PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

const textOf = (template: Template): string => canonical(withoutHash(template));

/** What is stored may be older than a default of today, and have zeros that are left out today. */
function defaultedTextOf(template: Template): string {
  const draft = structuredClone(withoutHash(template));
  prune(draft, 'PodTemplateSpec');
  defaultPodTemplate(draft);
  return canonical(draft);
}

export const isSameTemplate = (a: Template, b: Template): boolean => textOf(a) === textOf(b) || defaultedTextOf(a) === defaultedTextOf(b);

/** What is noted on a ReplicaSet whose template was changed on its way into the store: which template that made. */
export const admittedTemplate = ({ spec }: ReplicaSet): string => templateHash(withoutHash(spec?.template));

/** Made for this template, and still as admission made it then. Whoever changes it afterwards has it replaced. */
function isAdmitted(replicaSet: ReplicaSet, wantedHash: string): boolean {
  const { labels, annotations } = replicaSet.metadata ?? {};
  const noted = annotations?.[ADMITTED_TEMPLATE];
  return noted !== undefined && labels?.[HASH_LABEL] === wantedHash && noted === admittedTemplate(replicaSet);
}

/**
 * The ReplicaSet of the Deployment's template; the oldest, should there ever be several. Without one of the very template, one that differs by defaults alone or that admission
 * changed: otherwise a new one would be made for ever, each as different as the last.
 */
export function findCurrent({ spec, status }: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const sorted = [...replicaSets].sort(oldestFirst);
  const wanted = textOf(spec?.template);
  const found = sorted.find((rs) => textOf(rs.spec?.template) === wanted);
  if (found || sorted.length === 0) return found;
  const defaulted = defaultedTextOf(spec?.template);
  const hash = templateHash(spec?.template, status?.collisionCount);
  return sorted.find((rs) => defaultedTextOf(rs.spec?.template) === defaulted) ?? sorted.find((rs) => isAdmitted(rs, hash));
}
