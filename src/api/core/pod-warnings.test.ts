import { describe, expect, it } from 'vitest';
import type { Pod } from '../schema/generated/types.ts';
import { podWarnings, workloadWarnings } from './pod-warnings.ts';

const container = { name: 'a', image: 'i' };
const pod = (spec: object = {}, metadata: object = {}): Pod => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [container], ...spec },
});
const HARD = 'requiredDuringSchedulingIgnoredDuringExecution';
const SOFT = 'preferredDuringSchedulingIgnoredDuringExecution';
const zone = { key: 'zone', operator: 'In', values: ['a', '-b'] };

describe('warnings about pods', () => {
  it.each<[Pod, string[]]>([
    [pod(), []],
    [
      pod({}, { name: 'a.b' }),
      [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      ],
    ],
    [
      pod({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      pod({ affinity: { nodeAffinity: { [SOFT]: [{ weight: 1, preference: { matchExpressions: [zone] } }] } } }),
      [
        expect.stringMatching(
          /^spec\.affinity\.nodeAffinity\.preferred\w+\[0\]\.preference\.matchExpressions\[0\]\.values\[1\]: -b is invalid, a valid label must/,
        ),
      ],
    ],
    [pod({ affinity: { nodeAffinity: { [HARD]: { nodeSelectorTerms: [{ matchExpressions: [zone] }] } } } }), []],
    [
      pod({ topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] }),
      ['spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod'],
    ],
    [
      pod({ affinity: { podAntiAffinity: { [HARD]: [{ topologyKey: 'zone' }] } } }),
      [`spec.affinity.podAntiAffinity.${HARD}[0].labelSelector: a null labelSelector results in matching no pod`],
    ],
    [
      pod({}, { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } }),
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      ],
    ],
    [
      pod({ volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] }),
      ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
    ],
    [
      pod({
        volumes: [
          {
            name: 'c',
            configMap: {
              name: 'm',
              items: [
                { key: 'a', path: 'd' },
                { key: 'b', path: 'd/e' },
                { key: 'c', path: 'de' },
              ],
            },
          },
          {
            name: 'p',
            projected: {
              sources: [{}, { secret: { name: 's', items: [{ key: 'a', path: 't/' }] } }, { serviceAccountToken: { path: 't' } }],
            },
          },
        ],
      }),
      [
        'volume "c" (ConfigMap "m"): overlapping paths: "d/e" with "d"',
        'volume "p" (Projected) has no sources provided',
        'volume "p" (Projected): overlapping paths: "t" (ServiceAccountToken) with "t" (Secret "s")',
      ],
    ],
    [
      pod({ volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1m' } } } } } }] }),
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "1m" is invalid, must be an integer',
      ],
    ],
    [
      pod({
        containers: [
          { ...container, ports: [{ name: 'x', containerPort: 1, protocol: 'TCP', hostIP: '127.0.0.1' }] },
          { ...container, ports: [{ name: 'x', containerPort: 2, protocol: 'TCP' }] },
        ],
      }),
      [
        'spec.containers[0].ports[0]: hostIP set without hostPort: {Name:x HostPort:0 ContainerPort:1 Protocol:TCP HostIP:127.0.0.1}',
        'spec.containers[1].ports[0]: duplicate port name "x" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
      ],
    ],
    [
      pod({ imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}], hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] }),
      [
        'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    ],
    [
      pod({ containers: [{ ...container, resources: { requests: { memory: '100m' } } }] }),
      ['spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer'],
    ],
    [
      pod({
        containers: [
          {
            ...container,
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '$(A)2' },
              { name: 'A', value: '3' },
            ],
          },
        ],
      }),
      ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      pod({
        containers: [
          { ...container, ports: [{ containerPort: 80 }] },
          { name: 'b', ports: [{ containerPort: 80 }, { containerPort: 80, hostPort: 8 }] },
        ],
      }),
      [
        'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[1].ports[0]',
      ],
    ],
    [
      pod({ terminationGracePeriodSeconds: -1 }),
      ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
    ],
  ])('%j: %j', (given, expected) => {
    expect(podWarnings(given, undefined)).toEqual(expected);
    expect(podWarnings(given, given)).toEqual([]);
  });

  it('name the place of a template, and come again only when it changes', () => {
    type Workload = { metadata: { name: string }; spec: { template: Pod } };
    const warn = workloadWarnings<Workload>('spec.template', ({ spec }) => spec.template as never, true);
    const old = { metadata: { name: 'd' }, spec: { template: pod({ volumes: [{ name: 'v', rbd: {} }] }) } };
    expect(warn(old, undefined)).toEqual(['spec.template.spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+']);
    expect(warn(old, old)).toEqual([]);
  });
});
