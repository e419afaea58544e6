import type { Registry } from '../../api/registry.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Rbac } from '../authz/rbac.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader } from '../ports.ts';
import type { AdmissionConfiguration } from './configuration/admission-configuration.ts';
import { isOnByDefault } from './plugin-names.ts';
import { alwaysAdmit, alwaysDeny } from './plugins/always.ts';
import { alwaysPullImages } from './plugins/always-pull-images.ts';
import { certificateApproval } from './plugins/certificate-approval.ts';
import { certificateRequest } from './plugins/certificate-request.ts';
import { certificateSigning } from './plugins/certificate-signing.ts';
import { certificateSubjectRestriction } from './plugins/certificate-subject-restriction.ts';
import { defaultIngressClass } from './plugins/default-ingress-class.ts';
import { defaultStorageClass } from './plugins/default-storage-class.ts';
import { defaultTolerationSeconds, TOLERATION_SECONDS, type TolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { denyServiceExternalIPs } from './plugins/deny-service-external-ips.ts';
import { eventRateLimit } from './plugins/event-rate-limit.ts';
import { extendedResourceToleration } from './plugins/extended-resource-toleration.ts';
import { limitPodHardAntiAffinityTopology } from './plugins/limit-pod-hard-anti-affinity-topology.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { type CreateNamespace, namespaceAutoProvision } from './plugins/namespace-auto-provision.ts';
import { namespaceExists } from './plugins/namespace-exists.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeDeclaredFeatureValidator } from './plugins/node-declared-feature-validator.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { ownerReferencesPermissionEnforcement } from './plugins/owner-references-permission-enforcement.ts';
import { persistentVolumeClaimResize } from './plugins/persistent-volume-claim-resize.ts';
import { podNodeSelector } from './plugins/pod-node-selector.ts';
import { podResizeValidator } from './plugins/pod-resize-validator.ts';
import { type PodSecurityObserver, podSecurity } from './plugins/pod-security.ts';
import { podTolerationRestriction } from './plugins/pod-toleration-restriction.ts';
import { podTopologyLabels } from './plugins/pod-topology-labels.ts';
import { priority } from './plugins/priority.ts';
import { rbacEscalation } from './plugins/rbac-escalation.ts';
import { resourceQuota } from './plugins/resource-quota.ts';
import { runtimeClass } from './plugins/runtime-class.ts';
import { serviceAccount } from './plugins/service-account.ts';
import { storageObjectInUseProtection } from './plugins/storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.ts';

export interface BuiltInAdmissionOptions {
  readonly objects: ObjectReader;
  readonly authorizer: Authorizer;
  /** All kinds that are served. */
  readonly kinds: () => Registry;
  /** Absent: nobody's rights are known, and nobody is kept from giving out more than he has. */
  readonly rbac?: Rbac;
  /** Absent: admission policies are not asked. */
  readonly policies?: { readonly mutating: AdmissionPlugin; readonly validating: AdmissionPlugin };
  /** Absent: webhooks are not asked. */
  readonly webhooks?: { readonly mutating: AdmissionPlugin; readonly validating: AdmissionPlugin };
  /** Absent: it cannot be on. */
  readonly imagePolicy?: AdmissionPlugin | undefined;
  /** For NamespaceAutoProvision. Absent: it cannot be on. */
  readonly createNamespace?: CreateNamespace;
  readonly configuration?: AdmissionConfiguration;
  readonly tolerationSeconds?: TolerationSeconds;
  readonly observePodSecurity?: PodSecurityObserver;
  /** Which plugins run, by name. Absent: those that upstream has on by default, and NodeRestriction. */
  readonly isOn?: (name: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const NO_SELECTORS = { standard: '', allowed: new Map<string, string>() };
const NO_TOLERATIONS = { standard: [], allowed: [] };
const FIVE_MINUTES: TolerationSeconds = { notReady: TOLERATION_SECONDS, unreachable: TOLERATION_SECONDS };

/** The admission plugins that are on, in the order in which they run. */
export const builtInAdmission = ({ isOn = isOnByDefault, ...options }: BuiltInAdmissionOptions): readonly AdmissionPlugin[] =>
  allPlugins(options).filter(({ name }) => isOn(name));

/**
 * In upstream's order (kube-apiserver, AllOrderedPlugins): all `mutate` run in it, later all `validate`.
 * CertificateRequest and RBACEscalation have no place there: upstream checks this in storage, after all mutation; the latter mutates nothing, and runs last.
 */
const allPlugins = ({
  objects,
  authorizer,
  kinds,
  rbac,
  policies,
  webhooks,
  imagePolicy,
  createNamespace,
  configuration: { eventRateLimit: limits = [], podNodeSelector: selectors, podSecurity: settings, ...configuration } = {},
  tolerationSeconds = FIVE_MINUTES,
  observePodSecurity: observe,
  clock,
  random,
}: Omit<BuiltInAdmissionOptions, 'isOn'>): readonly AdmissionPlugin[] => [
  alwaysAdmit,
  ...(createNamespace ? [namespaceAutoProvision(objects, createNamespace)] : []),
  namespaceLifecycle(objects),
  namespaceExists(objects),
  limitPodHardAntiAffinityTopology,
  limitRanger(objects),
  serviceAccount(objects, clock, random),
  nodeRestriction(objects, authorizer),
  taintNodesByCondition,
  alwaysPullImages,
  ...(imagePolicy ? [imagePolicy] : []),
  podSecurity(objects, { settings, observe }),
  podNodeSelector(objects, selectors ?? NO_SELECTORS),
  priority(objects),
  defaultTolerationSeconds(tolerationSeconds),
  podTolerationRestriction(objects, configuration.podTolerationRestriction ?? NO_TOLERATIONS),
  eventRateLimit(limits, clock),
  extendedResourceToleration,
  defaultStorageClass(objects),
  storageObjectInUseProtection,
  ownerReferencesPermissionEnforcement({ authorizer, kinds }),
  persistentVolumeClaimResize(objects),
  runtimeClass(objects),
  certificateApproval(authorizer),
  certificateSigning(authorizer),
  certificateRequest,
  certificateSubjectRestriction,
  defaultIngressClass(objects),
  denyServiceExternalIPs,
  podTopologyLabels(objects),
  nodeDeclaredFeatureValidator(objects),
  podResizeValidator(objects),
  ...(policies ? [policies.mutating] : []),
  ...(webhooks ? [webhooks.mutating] : []),
  ...(policies ? [policies.validating] : []),
  ...(webhooks ? [webhooks.validating] : []),
  // The last to validate: what it counts, nobody else refuses.
  resourceQuota(objects, clock, configuration.resourceQuota),
  alwaysDeny,
  ...(rbac ? [rbacEscalation({ rbac, authorizer })] : []),
];
