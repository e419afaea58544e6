import { mutatingAdmissionPolicies } from './admissionregistration/mutating-admission-policy.ts';
import { mutatingAdmissionPolicyBindings } from './admissionregistration/mutating-admission-policy-binding.ts';
import { mutatingWebhookConfigurations } from './admissionregistration/mutating-webhook-configuration.ts';
import { validatingAdmissionPolicies } from './admissionregistration/validating-admission-policy.ts';
import { validatingAdmissionPolicyBindings } from './admissionregistration/validating-admission-policy-binding.ts';
import { validatingWebhookConfigurations } from './admissionregistration/validating-webhook-configuration.ts';
import { customResourceDefinitions } from './apiextensions/custom-resource-definition.ts';
import { apiServices } from './apiregistration/api-service.ts';
import { controllerRevisions } from './apps/controller-revision.ts';
import { daemonSets } from './apps/daemon-set.ts';
import { deployments } from './apps/deployment.ts';
import { replicaSets } from './apps/replica-set.ts';
import { statefulSets } from './apps/stateful-set.ts';
import { selfSubjectReviews } from './authentication/self-subject-review.ts';
import { tokenReviews } from './authentication/token-review.ts';
import { localSubjectAccessReviews } from './authorization/local-subject-access-review.ts';
import { selfSubjectAccessReviews } from './authorization/self-subject-access-review.ts';
import { selfSubjectRulesReviews } from './authorization/self-subject-rules-review.ts';
import { subjectAccessReviews } from './authorization/subject-access-review.ts';
import { horizontalPodAutoscalersV1 } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { horizontalPodAutoscalers } from './autoscaling/horizontal-pod-autoscaler-v2.ts';
import { cronJobs } from './batch/cron-job.ts';
import { jobs } from './batch/job.ts';
import { certificateSigningRequests } from './certificates/certificate-signing-request.ts';
import { leases } from './coordination/lease.ts';
import { bindings } from './core/binding.ts';
import { componentStatuses } from './core/component-status.ts';
import { configMaps } from './core/config-map.ts';
import { endpoints } from './core/endpoints.ts';
import { events } from './core/event.ts';
import { limitRanges } from './core/limit-range.ts';
import { namespaces } from './core/namespace.ts';
import { nodes } from './core/node.ts';
import { persistentVolumes } from './core/persistent-volume.ts';
import { persistentVolumeClaims } from './core/persistent-volume-claim.ts';
import { pods } from './core/pod.ts';
import { podTemplates } from './core/pod-template.ts';
import { replicationControllers } from './core/replication-controller.ts';
import { resourceQuotas } from './core/resource-quota.ts';
import { secrets } from './core/secret.ts';
import { services } from './core/service.ts';
import { serviceAccounts } from './core/service-account.ts';
import type { ResourceDefinition } from './define.ts';
import { endpointSlices } from './discovery/endpoint-slice.ts';
import { eventsV1Events } from './events/event.ts';
import { flowSchemas } from './flowcontrol/flow-schema.ts';
import { priorityLevelConfigurations } from './flowcontrol/priority-level-configuration.ts';
import { nodeMetrics } from './metrics/node-metrics.ts';
import { podMetrics } from './metrics/pod-metrics.ts';
import { ingresses } from './networking/ingress.ts';
import { ingressClasses } from './networking/ingress-class.ts';
import { ipAddresses } from './networking/ip-address.ts';
import { networkPolicies } from './networking/network-policy.ts';
import { serviceCIDRs } from './networking/service-cidr.ts';
import { runtimeClasses } from './node/runtime-class.ts';
import { podDisruptionBudgets } from './policy/pod-disruption-budget.ts';
import { clusterRoles } from './rbac/cluster-role.ts';
import { clusterRoleBindings } from './rbac/cluster-role-binding.ts';
import { roles } from './rbac/role.ts';
import { roleBindings } from './rbac/role-binding.ts';
import { buildRegistry, type Registry } from './registry.ts';
import { deviceClasses } from './resource/device-class.ts';
import { resourceClaims } from './resource/resource-claim.ts';
import { resourceClaimTemplates } from './resource/resource-claim-template.ts';
import { resourceSlices } from './resource/resource-slice.ts';
import { priorityClasses } from './scheduling/priority-class.ts';
import { csiDrivers } from './storage/csi-driver.ts';
import { csiNodes } from './storage/csi-node.ts';
import { csiStorageCapacities } from './storage/csi-storage-capacity.ts';
import { storageClasses } from './storage/storage-class.ts';
import { volumeAttachments } from './storage/volume-attachment.ts';
import { volumeAttributesClasses } from './storage/volume-attributes-class.ts';
import { storageVersionMigrations } from './storagemigration/storage-version-migration.ts';

export {
  apiServices,
  bindings,
  certificateSigningRequests,
  clusterRoleBindings,
  clusterRoles,
  componentStatuses,
  configMaps,
  controllerRevisions,
  cronJobs,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  customResourceDefinitions,
  daemonSets,
  deployments,
  deviceClasses,
  endpointSlices,
  endpoints,
  events,
  eventsV1Events,
  flowSchemas,
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
  ingressClasses,
  ingresses,
  ipAddresses,
  jobs,
  leases,
  limitRanges,
  localSubjectAccessReviews,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  namespaces,
  networkPolicies,
  nodeMetrics,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  podMetrics,
  pods,
  podTemplates,
  priorityClasses,
  priorityLevelConfigurations,
  replicaSets,
  replicationControllers,
  resourceClaims,
  resourceClaimTemplates,
  resourceQuotas,
  resourceSlices,
  roleBindings,
  roles,
  runtimeClasses,
  secrets,
  selfSubjectAccessReviews,
  selfSubjectReviews,
  selfSubjectRulesReviews,
  serviceAccounts,
  serviceCIDRs,
  services,
  statefulSets,
  storageClasses,
  storageVersionMigrations,
  subjectAccessReviews,
  tokenReviews,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  volumeAttachments,
  volumeAttributesClasses,
};

/** Groups in the order of upstream's discovery (falling group priority), versions by preference, resources by plural. */
export const definitions: readonly ResourceDefinition[] = [
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  apiServices,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  eventsV1Events,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
  cronJobs,
  jobs,
  certificateSigningRequests,
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  podDisruptionBudgets,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  customResourceDefinitions,
  priorityClasses,
  leases,
  runtimeClasses,
  endpointSlices,
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  flowSchemas,
  priorityLevelConfigurations,
  nodeMetrics,
  podMetrics,
];

/** Kinds that are served only where the operator asks for their group and version: upstream's beta kinds, of which none is on by default. */
export const optionalDefinitions: readonly ResourceDefinition[] = [storageVersionMigrations];

/** What a server serves by default. */
export const registry = buildRegistry(definitions);

/** The default kinds, and before those of metrics servers, which come last in discovery, the optional ones that `isOn` names. */
export function registryWith(isOn: (definition: ResourceDefinition) => boolean): Registry {
  const on = optionalDefinitions.filter(isOn);
  if (on.length === 0) return registry;
  const metrics = definitions.indexOf(nodeMetrics);
  return buildRegistry([...definitions.slice(0, metrics), ...on, ...definitions.slice(metrics)]);
}

/** Every kind that there can be. */
export const fullRegistry = registryWith(() => true);
