import { resourceId } from '../../../api/define.ts';
import { equalJson } from '../../../api/meta/equal-json.ts';
import { invalidObject } from '../../../api/meta/field-error.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { ApiError } from '../../../api/meta/status.ts';
import type { Container, CronJob, Deployment, Namespace, Pod, PodTemplate, PodTemplateSpec } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import type { PodLike } from '../pod-security/check-plan.ts';
import { findingsOf, showFindings } from '../pod-security/evaluate-plan.ts';
import { isTightened, violationsIn } from '../pod-security/namespace-plan.ts';
import { isPrivileged, type LevelVersion, NO_POLICY, type Policy, policyOf, showLevel } from '../pod-security/policy-plan.ts';
import { refusal } from '../request.ts';

const ANNOTATIONS = 'pod-security.kubernetes.io/';
/** These do not change what a pod may do. */
const HARMLESS = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

type TemplateOf = (object: KubeObject) => PodTemplateSpec | undefined;
const inSpec: TemplateOf = (object) => (object as Deployment).spec?.template;
/** Where kinds that make pods keep what their pods will be. */
const TEMPLATES: Readonly<Record<string, TemplateOf>> = {
  podtemplates: (object) => (object as PodTemplate).template,
  replicationcontrollers: inSpec,
  'replicasets.apps': inSpec,
  'deployments.apps': inSpec,
  'statefulsets.apps': inSpec,
  'daemonsets.apps': inSpec,
  'jobs.batch': inSpec,
  'cronjobs.batch': (object) => (object as CronJob).spec?.jobTemplate.spec?.template,
};

/**
 * Keeps pods to the Pod Security Standards as the labels of their namespace ask (Kubernetes: "Pod Security Admission"): refuses pods, warns of pods and of
 * templates, and tells when a stricter level finds pods that it would have refused.
 */
export const podSecurity = (objects: ObjectReader): AdmissionPlugin => {
  const policies = new WeakMap<Namespace, Policy>();
  const policyFor = (name: string): Policy => {
    const namespace = objects.get<Namespace>('namespaces', '', name);
    if (!namespace) throw new ApiError('InternalError', `Internal error occurred: failed to lookup namespace "${name}"`);
    const policy = policies.get(namespace) ?? policyOf(namespace.metadata?.labels);
    policies.set(namespace, policy);
    return policy;
  };
  return {
    name: 'PodSecurity',
    validate(admission) {
      const { operation, request, object } = admission;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object) return;
      const id = resourceId({ group: request.group, plural: request.resource });
      if (id === 'pods') return validatePod(admission, policyFor);
      if (request.subresource) return;
      if (id === 'namespaces') validateNamespace(admission, objects);
      else if (TEMPLATES[id]) validateTemplate(admission, TEMPLATES[id](object), policyFor);
    },
  };
};

function validatePod(admission: AdmissionRequest, policyFor: (namespace: string) => Policy): void {
  const { request, context, object, old } = admission;
  if (HARMLESS.has(request.subresource ?? '')) return;
  const policy = policyFor(request.namespace ?? '');
  if (policy === NO_POLICY || isQuiet(policy, policy.enforce)) {
    context.annotate?.(`${ANNOTATIONS}enforce-policy`, showLevel(policy.enforce));
    return;
  }
  const { metadata = {}, spec } = object as Pod;
  if (!spec || (old && !changesPrograms(object as Pod, old as Pod))) return;
  context.annotate?.(`${ANNOTATIONS}enforce-policy`, showLevel(policy.enforce));
  const pod = { metadata, spec };
  const enforced = findingsOf(policy.enforce, pod);
  tellAudit(admission, policy, pod);
  if (enforced.length > 0) throw refusal(admission, `violates PodSecurity "${showLevel(policy.enforce)}": ${showFindings(enforced)}`);
  warn(admission, policy.warn, pod);
}

/** Templates are never refused: a controller would not tell anybody why its pods do not come. */
function validateTemplate(
  admission: AdmissionRequest,
  template: PodTemplateSpec | undefined,
  policyFor: (namespace: string) => Policy,
): void {
  const policy = policyFor(admission.request.namespace ?? '');
  if (policy === NO_POLICY || isQuiet(policy) || !template?.spec) return;
  const pod = { metadata: template.metadata ?? {}, spec: template.spec };
  tellAudit(admission, policy, pod);
  warn(admission, policy.warn, pod);
}

/** Nothing to say, whatever the pod is. */
const isQuiet = ({ audit, warn: warned, errors }: Policy, ...more: LevelVersion[]): boolean =>
  errors.length === 0 && [audit, warned, ...more].every(isPrivileged);

function tellAudit({ context }: AdmissionRequest, { audit, errors }: Policy, pod: PodLike): void {
  if (!context.annotate) return;
  if (errors.length > 0) {
    const faults = errors.map(({ path, message }) => `${path}: ${message}`).join(', ');
    context.annotate(`${ANNOTATIONS}error`, `Failed to parse policy: ${errors.length > 1 ? `[${faults}]` : faults}`);
  }
  const findings = findingsOf(audit, pod);
  if (findings.length === 0) return;
  context.annotate(`${ANNOTATIONS}audit-violations`, `would violate PodSecurity "${showLevel(audit)}": ${showFindings(findings)}`);
}

function warn({ context }: AdmissionRequest, at: LevelVersion, pod: PodLike): void {
  const findings = findingsOf(at, pod);
  if (findings.length > 0) context.warn(`would violate PodSecurity "${showLevel(at)}": ${showFindings(findings)}`);
}

/** Of what may change in a pod, only new containers and other images matter here. */
function changesPrograms({ spec }: Pod, { spec: old }: Pod): boolean {
  const changed = (now: readonly Container[] = [], then: readonly Container[] = []) =>
    now.length !== then.length || now.some(({ image }, i) => image !== then[i]?.image);
  if (changed(spec?.containers, old?.containers) || changed(spec?.initContainers, old?.initContainers)) return true;
  return (spec?.ephemeralContainers ?? []).some(
    ({ name, image }) => old?.ephemeralContainers?.find((before) => before.name === name)?.image !== image,
  );
}

function validateNamespace({ operation, object, old, context }: AdmissionRequest, objects: ObjectReader): void {
  const name = object?.metadata?.name ?? '';
  const policy = policyOf(object?.metadata?.labels);
  const before = operation === 'UPDATE' ? policyOf(old?.metadata?.labels) : undefined;
  if (policy.errors.length > 0 && !(before && equalJson(policy.errors, before.errors))) {
    throw invalidObject('Namespace', '', name, policy.errors);
  }
  if (!before || !isTightened(policy, before)) return;
  for (const line of violationsIn(name, policy.enforce, objects.list<Pod>('pods', name))) context.warn(line);
}
