import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Rbac } from '../authz/rbac.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader } from '../ports.ts';
import { certificateApproval } from './plugins/certificate-approval.ts';
import { certificateRequest } from './plugins/certificate-request.ts';
import { certificateSigning } from './plugins/certificate-signing.ts';
import { certificateSubjectRestriction } from './plugins/certificate-subject-restriction.ts';
import { defaultIngressClass } from './plugins/default-ingress-class.ts';
import { defaultStorageClass } from './plugins/default-storage-class.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { persistentVolumeClaimResize } from './plugins/persistent-volume-claim-resize.ts';
import { podResizeValidator } from './plugins/pod-resize-validator.ts';
import { podSecurity } from './plugins/pod-security.ts';
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
  /** Absent: nobody's rights are known, and nobody is kept from giving out more than he has. */
  readonly rbac?: Rbac;
  /** Absent: admission policies are not asked. */
  readonly policies?: { readonly mutating: AdmissionPlugin; readonly validating: AdmissionPlugin };
  /** Absent: webhooks are not asked. */
  readonly webhooks?: { readonly mutating: AdmissionPlugin; readonly validating: AdmissionPlugin };
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The admission plugins of every server, in upstream's order (kube-apiserver, AllOrderedPlugins): all `mutate` run in it, later all `validate`.
 * CertificateRequest and RBACEscalation have no place there: upstream checks this in storage, after all mutation; the latter mutates nothing, and runs last.
 */
export const builtInAdmission = ({
  objects,
  authorizer,
  rbac,
  policies,
  webhooks,
  clock,
  random,
}: BuiltInAdmissionOptions): readonly AdmissionPlugin[] => [
  namespaceLifecycle(objects),
  limitRanger(objects),
  serviceAccount(objects, random),
  nodeRestriction(objects, authorizer),
  taintNodesByCondition,
  podSecurity(objects),
  priority(objects),
  defaultTolerationSeconds,
  defaultStorageClass(objects),
  storageObjectInUseProtection,
  persistentVolumeClaimResize(objects),
  runtimeClass(objects),
  certificateApproval(authorizer),
  certificateSigning(authorizer),
  certificateRequest,
  certificateSubjectRestriction,
  defaultIngressClass(objects),
  podTopologyLabels(objects),
  podResizeValidator(objects),
  ...(policies ? [policies.mutating] : []),
  ...(webhooks ? [webhooks.mutating] : []),
  ...(policies ? [policies.validating] : []),
  ...(webhooks ? [webhooks.validating] : []),
  // The last to validate: what it counts, nobody else refuses.
  resourceQuota(objects, clock),
  ...(rbac ? [rbacEscalation({ rbac, authorizer })] : []),
];
