import { expect, it } from 'vitest';
import * as api from './index.ts';

it.each<[string, readonly string[] | undefined, string[]]>([
  [
    'headless Services',
    api.services.hooks.warnings?.(
      {
        spec: { type: 'ClusterIP', clusterIP: 'None', sessionAffinity: 'ClientIP', loadBalancerIP: '10.0.0.1', externalName: 'e.example' },
      },
      undefined,
    ),
    [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ],
  ],
  [
    'Services with external addresses',
    api.services.hooks.warnings?.(
      { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', sessionAffinity: 'None', externalIPs: ['2001:DB8:0::1'] } },
      undefined,
    ),
    [
      'spec.externalIPs[0]: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
  ],
  [
    'claims for parts of bytes',
    api.persistentVolumeClaims.hooks.warnings?.(
      { spec: { resources: { requests: { storage: '500m' }, limits: { storage: '1Gi' } } } },
      undefined,
    ),
    ['spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer'],
  ],
  [
    'Jobs of very many indexes',
    api.jobs.hooks.warnings?.(
      { metadata: { name: 'j' }, spec: { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, template: {} } },
      undefined,
    ),
    [
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ],
  ],
  [
    'ranges of load balancers with another spelling',
    api.services.hooks.warnings?.({ spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['FD00::/8', '10.0.0.0/8'] } }, undefined),
    ['spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")'],
  ],
  [
    'addresses of Endpoints with another spelling',
    api.endpoints.hooks.warnings?.({ subsets: [{ addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: 'FD00::1' }] }] }, undefined),
    ['subsets[0].notReadyAddresses[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'],
  ],
  [
    'ranges of network policies with another spelling',
    api.networkPolicies.hooks.warnings?.(
      { spec: { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 'fd00:0::/8', except: ['FD00::/16'] } }] }] } },
      undefined,
    ),
    [
      'spec.egress[0].to[0].ipBlock.cidr: IPv6 CIDR value "fd00:0::/8" should be in RFC 5952 canonical format ("fd00::/8")',
      'spec.egress[0].to[0].ipBlock.except[0]: IPv6 CIDR value "FD00::/16" should be in RFC 5952 canonical format ("fd00::/16")',
    ],
  ],
  [
    'nodes with what nobody reads, and with another spelling',
    api.nodes.hooks.warnings?.({ spec: { externalID: 'x', podCIDRs: ['FD00::/64'] } }, undefined),
    [
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      'spec.podCIDRs[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
    ],
  ],
  [
    'new slices of names',
    api.endpointSlices.hooks.warnings?.({ addressType: 'FQDN', endpoints: [], ports: [] }, undefined),
    ['spec.addressType: FQDN endpoints are deprecated'],
  ],
  [
    'slices of names that are there, and finds nothing,',
    api.endpointSlices.hooks.warnings?.({ addressType: 'FQDN', endpoints: [] }, { addressType: 'FQDN', endpoints: [] }),
    [],
  ],
  [
    'addresses of balancers and pods with another spelling',
    [
      ...(api.services.hooks.statusWarnings?.({ status: { loadBalancer: { ingress: [{ hostname: 'h' }, { ip: 'FD00::1' }] } } }) ?? []),
      ...(api.ingresses.hooks.statusWarnings?.({ status: { loadBalancer: { ingress: [{ ip: 'FD00::2' }] } } }) ?? []),
      ...(api.pods.hooks.statusWarnings?.({ status: { podIPs: [{ ip: 'FD00::3' }], hostIPs: [{ ip: '1.2.3.4' }] } }) ?? []),
    ],
    [
      'status.loadBalancer.ingress[1]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
      'status.loadBalancer.ingress[0]: IPv6 address "FD00::2" should be in RFC 5952 canonical format ("fd00::2")',
      'status.podIPs[0].ip: IPv6 address "FD00::3" should be in RFC 5952 canonical format ("fd00::3")',
    ],
  ],
  [
    'volumes of kinds that are gone, and labels that have other names',
    api.persistentVolumes.hooks.warnings?.(
      {
        metadata: { annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro' } },
        spec: {
          persistentVolumeReclaimPolicy: 'Recycle',
          rbd: { monitors: [], image: 'i' },
          nodeAffinity: {
            required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] }] },
          },
        },
      },
      undefined,
    ),
    [
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
    ],
  ],
  [
    'old labels in classes of storage and of runtimes, and in capacities',
    [
      ...(api.storageClasses.hooks.warnings?.(
        { provisioner: 'p', allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/os', values: ['x'] }] }] },
        undefined,
      ) ?? []),
      ...(api.runtimeClasses.hooks.warnings?.(
        { handler: 'h', scheduling: { nodeSelector: { 'node-role.kubernetes.io/master': '' } } },
        undefined,
      ) ?? []),
      ...(api.csiStorageCapacities.hooks.warnings?.(
        { storageClassName: 's', nodeTopology: { matchLabels: { 'beta.kubernetes.io/os': 'x' } } },
        undefined,
      ) ?? []),
    ],
    [
      'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.14; use "kubernetes.io/os" instead',
      'scheduling.nodeSelector: use "node-role.kubernetes.io/control-plane" instead',
      'nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
  ],
])('warns about %s', (_, warnings, expected) => {
  expect(warnings).toEqual(expected);
});

it.each<[object, string[]]>([
  [{ leaseDurationSeconds: 0, leaseTransitions: -1 }, ['spec.leaseDurationSeconds', 'spec.leaseTransitions']],
  [{ preferredHolder: 'a' }, ['spec.preferredHolder']],
  [{ strategy: 'x' }, ['spec.strategy.strategy']],
  [{ strategy: 'OldestEmulationVersion', preferredHolder: 'a' }, []],
])('finds what is wrong with the lease %j', (spec, paths) => {
  expect(api.leases.hooks.validate?.({ spec }).map(({ path }) => path)).toEqual(paths);
});

it('warns about tokens for drivers when they are asked for, unless they come as secrets', () => {
  const driver = (spec: object) => ({ spec: { tokenRequests: [{ audience: 'a' }], ...spec } });
  const { warnings } = api.csiDrivers.hooks;
  expect(warnings?.(driver({}), undefined)).toEqual([expect.stringMatching(/^spec\.serviceAccountTokenInSecrets is unset/)]);
  expect(warnings?.(driver({}), driver({}))).toEqual([]);
  expect(warnings?.(driver({ serviceAccountTokenInSecrets: false }), undefined)).toEqual([]);
});
