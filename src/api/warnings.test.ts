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
