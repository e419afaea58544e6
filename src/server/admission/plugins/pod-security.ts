import { resourceId } from '../../../api/define.ts';
import { equalJson } from '../../../api/meta/equal-json.ts';
import { fieldErrorText, invalidObject } from '../../../api/meta/field-error.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { ApiError } from '../../../api/meta/status.ts';
import type { Container, CronJob, Deployment, Namespace, Pod, PodTemplate, PodTemplateSpec } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import type { PodSecuritySettings } from '../configuration/pod-security.ts';
import type { PodLike } from '../pod-security/check-plan.ts';
import { findingsOf, showFindings } from '../pod-security/evaluate-plan.ts';
import { isTightened, violationsIn } from '../pod-security/namespace-plan.ts';
import {
  ignoredPolicy,
  isPrivileged,
  type Levels,
  type LevelVersion,
  NO_POLICY,
  type Policy,
  policyOf,
  showLevel,
} from '../pod-security/policy-plan.ts';
import { isWrite, refusal } from '../request.ts';

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

/** Told what was evaluated. An answer of `allowed` is told of `enforce` alone. */
export interface PodSecurityObserver {
  evaluated(about: AdmissionRequest, what: { readonly mode: keyof Levels; readonly at: LevelVersion; readonly allowed: boolean }): void;
  exempted(about: AdmissionRequest): void;
  /** `fatal`: nothing could be evaluated. */
  failed(about: AdmissionRequest, fatal: boolean): void;
}

export interface PodSecurityOptions {
  /** What the operator says. Absent: namespaces say everything themselves, and nobody is exempt. */
  readonly settings?: PodSecuritySettings | undefined;
  readonly observe?: PodSecurityObserver | undefined;
}

const NO_SETTINGS: PodSecuritySettings = {
  defaults: NO_POLICY,
  exempt: { users: new Set(), namespaces: new Set(), runtimeClasses: new Set() },
};

/** What is asked of the policies of namespaces, and who is told what came of it. */
interface Standards {
  readonly exempt: PodSecuritySettings['exempt'];
  policyFor(admission: AdmissionRequest): Policy;
  evaluated(admission: AdmissionRequest, mode: keyof Levels, at: LevelVersion, allowed: boolean): void;
  exempted(admission: AdmissionRequest, by: 'namespace' | 'user' | 'runtimeClass'): void;
  failed(admission: AdmissionRequest, fatal: boolean): void;
}

/**
 * Keeps pods to the Pod Security Standards as the labels of their namespace ask, or the operator where these say nothing (Kubernetes: "Pod Security Admission"): refuses pods, warns of pods and of
 * templates, and tells when a stricter level finds pods that it would have refused.
 */
export const podSecurity = (objects: ObjectReader, { settings = NO_SETTINGS, observe }: PodSecurityOptions = {}): AdmissionPlugin => {
  const standards = standardsOf(objects, settings, observe);
  return {
    name: 'PodSecurity',
    validate(admission) {
      const { request, object } = admission;
      if (!isWrite(admission) || !object) return;
      const id = resourceId({ group: request.group, plural: request.resource });
      if (id === 'pods') return validatePod(admission, standards);
      if (request.subresource) return;
      if (id === 'namespaces') validateNamespace(admission, objects, settings);
      else if (TEMPLATES[id]) validateTemplate(admission, TEMPLATES[id](object), standards);
    },
  };
};

function standardsOf(
  objects: ObjectReader,
  { defaults, exempt }: PodSecuritySettings,
  observe: PodSecurityObserver | undefined,
): Standards {
  const policies = new WeakMap<Namespace, Policy>();
  const standards: Standards = {
    exempt,
    policyFor(admission) {
      const name = admission.request.namespace ?? '';
      const namespace = objects.get<Namespace>('namespaces', '', name);
      if (!namespace) {
        standards.failed(admission, true);
        throw new ApiError('InternalError', `Internal error occurred: failed to lookup namespace "${name}"`);
      }
      const policy = policies.get(namespace) ?? policyOf(namespace.metadata?.labels, defaults);
      policies.set(namespace, policy);
      return policy;
    },
    evaluated: (admission, mode, at, allowed) => observe?.evaluated(admission, { mode, at, allowed }),
    exempted(admission, by) {
      admission.context.annotate?.(`${ANNOTATIONS}exempt`, by);
      observe?.exempted(admission);
    },
    failed: (admission, fatal) => observe?.failed(admission, fatal),
  };
  return standards;
}

/** May this be whatever it is? Told to audit, too. */
function isExempt(admission: AdmissionRequest, { exempt, exempted }: Standards): boolean {
  const by = exempt.namespaces.has(admission.request.namespace ?? '')
    ? 'namespace'
    : exempt.users.has(admission.context.user.name)
      ? 'user'
      : undefined;
  if (by) exempted(admission, by);
  return by !== undefined;
}

function hasExemptClass(admission: AdmissionRequest, { spec }: PodLike, { exempt, exempted }: Standards): boolean {
  const isExemptClass = exempt.runtimeClasses.has(spec.runtimeClassName ?? '');
  if (isExemptClass) exempted(admission, 'runtimeClass');
  return isExemptClass;
}

function validatePod(admission: AdmissionRequest, standards: Standards): void {
  const { request, context, object, old } = admission;
  if (HARMLESS.has(request.subresource ?? '') || isExempt(admission, standards)) return;
  const policy = standards.policyFor(admission);
  const { enforce } = policy;
  if (policy === NO_POLICY || isQuiet(policy, enforce)) {
    context.annotate?.(`${ANNOTATIONS}enforce-policy`, showLevel(enforce));
    standards.evaluated(admission, 'enforce', enforce, true);
    return;
  }
  const { metadata = {}, spec } = object as Pod;
  if (!spec || (old && !changesPrograms(object as Pod, old as Pod))) return;
  const pod = { metadata, spec };
  if (hasExemptClass(admission, pod, standards)) return;
  context.annotate?.(`${ANNOTATIONS}enforce-policy`, showLevel(enforce));
  const enforced = findingsOf(enforce, pod);
  standards.evaluated(admission, 'enforce', enforce, enforced.length === 0);
  tellAudit(admission, policy, pod, standards);
  if (enforced.length > 0) throw refusal(admission, `violates PodSecurity "${showLevel(enforce)}": ${showFindings(enforced)}`);
  warn(admission, policy.warn, pod, standards);
}

/** Templates are never refused: a controller would not tell anybody why its pods do not come. */
function validateTemplate(admission: AdmissionRequest, template: PodTemplateSpec | undefined, standards: Standards): void {
  if (isExempt(admission, standards)) return;
  const policy = standards.policyFor(admission);
  if (policy === NO_POLICY || isQuiet(policy) || !template?.spec) return;
  const pod = { metadata: template.metadata ?? {}, spec: template.spec };
  if (hasExemptClass(admission, pod, standards)) return;
  tellAudit(admission, policy, pod, standards);
  warn(admission, policy.warn, pod, standards);
}

/** Nothing to say, whatever the pod is. */
const isQuiet = ({ audit, warn: warned, errors }: Policy, ...more: LevelVersion[]): boolean =>
  errors.length === 0 && [audit, warned, ...more].every(isPrivileged);

function tellAudit(admission: AdmissionRequest, { audit, errors }: Policy, pod: PodLike, standards: Standards): void {
  const { context } = admission;
  if (errors.length > 0) {
    const faults = errors.map(fieldErrorText).join(', ');
    standards.failed(admission, false);
    context.annotate?.(`${ANNOTATIONS}error`, `Failed to parse policy: ${errors.length > 1 ? `[${faults}]` : faults}`);
  }
  const findings = findingsOf(audit, pod);
  if (findings.length === 0) return;
  standards.evaluated(admission, 'audit', audit, false);
  context.annotate?.(`${ANNOTATIONS}audit-violations`, `would violate PodSecurity "${showLevel(audit)}": ${showFindings(findings)}`);
}

function warn(admission: AdmissionRequest, at: LevelVersion, pod: PodLike, standards: Standards): void {
  const findings = findingsOf(at, pod);
  if (findings.length === 0) return;
  admission.context.warn(`would violate PodSecurity "${showLevel(at)}": ${showFindings(findings)}`);
  standards.evaluated(admission, 'warn', at, false);
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

function validateNamespace(
  { operation, object, old, context }: AdmissionRequest,
  objects: ObjectReader,
  { defaults, exempt }: PodSecuritySettings,
): void {
  const name = object?.metadata?.name ?? '';
  const policy = policyOf(object?.metadata?.labels, defaults);
  const before = operation === 'UPDATE' ? policyOf(old?.metadata?.labels, defaults) : undefined;
  if (policy.errors.length > 0 && !(before && equalJson(policy.errors, before.errors))) {
    throw invalidObject('Namespace', '', name, policy.errors);
  }
  if (before && !isTightened(policy, before)) return;
  if (exempt.namespaces.has(name)) {
    const ignored = ignoredPolicy(policy, defaults, object?.metadata?.labels);
    if (ignored !== undefined) context.warn(`namespace "${name}" is exempt from Pod Security, and the policy (${ignored}) will be ignored`);
    return;
  }
  if (!before) return;
  const pods = objects.list<Pod>('pods', name).filter(({ spec }) => !exempt.runtimeClasses.has(spec?.runtimeClassName ?? ''));
  for (const line of violationsIn(name, policy.enforce, pods)) context.warn(line);
}
