import { describe, expect, it } from 'vitest';
import { apiVersionOf, resourceId } from './define.ts';
import { definitions, pods, registry } from './index.ts';
import { buildRegistry } from './registry.ts';
import schemas from './schema/generated/schemas.json' with { type: 'json' };

/** Every kind of Kubernetes 1.36 that is released and on by default, in the order of the discovery document; then those of a metrics server. */
const EXPECTED = `
v1: Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolumeClaim PersistentVolume Pod
  PodTemplate ReplicationController ResourceQuota Secret ServiceAccount Service
apiregistration.k8s.io/v1: APIService
apps/v1: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
events.k8s.io/v1: Event
authentication.k8s.io/v1: SelfSubjectReview TokenReview
authorization.k8s.io/v1: LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
autoscaling/v2: HorizontalPodAutoscaler
autoscaling/v1: HorizontalPodAutoscaler
batch/v1: CronJob Job
certificates.k8s.io/v1: CertificateSigningRequest
networking.k8s.io/v1: IngressClass Ingress IPAddress NetworkPolicy ServiceCIDR
policy/v1: PodDisruptionBudget
rbac.authorization.k8s.io/v1: ClusterRoleBinding ClusterRole RoleBinding Role
storage.k8s.io/v1: CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass
admissionregistration.k8s.io/v1: MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
  ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
apiextensions.k8s.io/v1: CustomResourceDefinition
scheduling.k8s.io/v1: PriorityClass
coordination.k8s.io/v1: Lease
node.k8s.io/v1: RuntimeClass
discovery.k8s.io/v1: EndpointSlice
resource.k8s.io/v1: DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice
flowcontrol.apiserver.k8s.io/v1: FlowSchema PriorityLevelConfiguration
metrics.k8s.io/v1beta1: NodeMetrics PodMetrics
`;

function expected(): Record<string, string[]> {
  const lines = EXPECTED.trim().replaceAll('\n  ', ' ').split('\n');
  return Object.fromEntries(lines.map((line) => line.split(': ')).map(([gv = '', kinds = '']) => [gv, kinds.split(' ').sort()]));
}

describe('the registry', () => {
  it('covers exactly the kinds of Kubernetes 1.36, group versions in discovery order', () => {
    const actual: Record<string, string[]> = {};
    for (const d of definitions) actual[apiVersionOf(d)] = [...(actual[apiVersionOf(d)] ?? []), d.kind].sort();
    expect(Object.keys(actual)).toEqual(Object.keys(expected()));
    expect(actual).toEqual(expected());
    expect(definitions).toHaveLength(70);
  });

  it('finds a definition by group, version and plural, by kind, and by its id', () => {
    expect(registry.find('', 'v1', 'pods')).toBe(pods);
    expect(registry.findKind('apps', 'v1', 'Deployment')).toBe(registry.byId('deployments.apps'));
    expect(registry.byId('horizontalpodautoscalers.autoscaling')?.version).toBe('v2');
    expect(registry.find('apps', 'v2', 'deployments')).toBeUndefined();
  });

  it('names a structural schema for every kind', () => {
    expect(definitions.filter((d) => !(d.schema in schemas)).map((d) => d.schema)).toEqual([]);
  });

  it('has no two resources of one group with the same short name', () => {
    for (const group of registry.groups) {
      const names = registry.inVersion(group.name, group.versions[0] ?? '').flatMap((d) => d.shortNames);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('points older versions and other doors at the definition that is stored', () => {
    const doors = definitions.filter((d) => d.storedAs).map((d) => [apiVersionOf(d), apiVersionOf(registry.stored(d))]);
    expect(doors).toEqual([
      ['events.k8s.io/v1', 'v1'],
      ['autoscaling/v1', 'autoscaling/v2'],
    ]);
  });

  it('has rules for every kind that is stored', () => {
    // Upstream asks nothing of a service account beyond its metadata (ValidateServiceAccount).
    const withoutRules = new Set(['serviceaccounts']);
    const bare = definitions.filter(({ persistence, hooks }) => persistence !== 'none' && !hooks.validate && !hooks.validateCreate);
    expect(new Set(bare.map(resourceId))).toEqual(withoutRules);
  });

  it('offers pods/eviction as policy/v1 Eviction', () => {
    expect(pods.subresources.eviction).toMatchObject({ objectKind: { group: 'policy', version: 'v1', kind: 'Eviction' } });
  });

  it('refuses two definitions of one resource', () => {
    expect(() => buildRegistry([pods, pods])).toThrow('defined twice');
  });
});
