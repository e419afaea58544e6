import { expect, it } from 'vitest';
import type { ContainerStatus, Pod, PodSpec, PodStatus } from '../schema/generated/types.ts';
import { checkPodStatus } from './validation-pod-status.ts';

const spec: PodSpec = {
  containers: [
    {
      name: 'c',
      image: 'i',
      resources: {
        requests: { 'example.com/gpu': '1' },
        claims: [{ name: 'a' }, { name: 'b', request: 'r' }],
      },
    },
  ],
};
const pod = (status: PodStatus, more: Partial<PodSpec>): Pod => ({ metadata: { name: 'p' }, spec: { ...spec, ...more }, status });
const findings = (now: PodStatus, more: Partial<PodSpec> = {}) =>
  checkPodStatus(pod(now, more), pod({}, more)).map(({ path, message }) => `${path}: ${message}`);
const container = (more: Partial<ContainerStatus>): PodStatus => ({
  containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, ...more }],
});
const AT = 'status.containerStatuses[0].allocatedResourcesStatus[0]';
const EXTENDED = 'status.extendedResourceClaimStatus';
const mapping = { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'r' };
const extended = (requestMappings: (typeof mapping)[], resourceClaimName = 'claim') => ({
  extendedResourceClaimStatus: { requestMappings, resourceClaimName },
});

it.each<[string, PodStatus, Partial<PodSpec>, string[]]>([
  [
    'a condition of no name',
    {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'a b', status: 'True', observedGeneration: -1 },
      ],
    },
    {},
    [
      'status.conditions[1].observedGeneration: Invalid value: -1: must be a non-negative integer',
      expect.stringMatching(/^status.conditions.1..Type: Invalid value: "a b": name part must consist of/) as string,
    ],
  ],
  ['a generation', { observedGeneration: -1 }, {}, ['status.observedGeneration: Invalid value: -1: must be a non-negative integer']],
  ['a nominated node', { nominatedNodeName: 'n' }, {}, []],
  [
    'a nominated node of a pod that has one',
    { nominatedNodeName: 'n' },
    { nodeName: 'm' },
    ['status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node'],
  ],
  [
    'a user',
    container({ user: { linux: { uid: -1, gid: -2, supplementalGroups: [0, -3] } } }),
    {},
    [
      'status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      'status.containerStatuses[0].user.linux.gid: Invalid value: -2: must be between 0 and 2147483647, inclusive',
      'status.containerStatuses[0].user.linux.supplementalGroups[1]: Invalid value: -3: must be between 0 and 2147483647, inclusive',
    ],
  ],
  [
    'a user on Windows',
    container({ user: { linux: { uid: 0, gid: 0 } } }),
    { os: { name: 'windows' } },
    ['status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod'],
  ],
  ['devices', container({ allocatedResourcesStatus: ['example.com/gpu', 'claim:a', 'claim:b/r'].map((name) => ({ name })) }), {}, []],
  [
    'devices that it does not ask for',
    container({ allocatedResourcesStatus: [{ name: 'cpu' }] }),
    {},
    [`${AT}.name: Invalid value: "cpu": must match one of the container's resource requests`],
  ],
  [
    'claims that it does not make',
    container({ allocatedResourcesStatus: [{ name: 'claim:b' }] }),
    {},
    [
      `${AT}.name: Invalid value: "claim:b": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty`,
    ],
  ],
  [
    'the health of devices',
    container({
      allocatedResourcesStatus: [
        {
          name: 'claim:a',
          resources: [
            { resourceID: 'x', health: 'Healthy' },
            { resourceID: 'x', health: 'Ill', message: '' },
            { resourceID: 'y', health: 'Unknown', message: 'm'.repeat(1025) },
          ],
        },
      ],
    }),
    {},
    [
      `${AT}.resources[1].health: Unsupported value: "Ill": supported values: "Healthy", "Unhealthy", "Unknown"`,
      `${AT}.resources[1].message: Required value: must be non-empty if specified`,
      `${AT}.resources[1].resourceID: Duplicate value: "x"`,
      `${AT}.resources[2].message: Too long: may not be more than 1024 bytes`,
    ],
  ],
  [
    'devices of a container for debugging',
    { ephemeralContainerStatuses: container({ allocatedResourcesStatus: [{ name: 'cpu' }] }).containerStatuses },
    {},
    ['status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status'],
  ],
  ['a claim for extended resources', extended([mapping]), {}, []],
  [
    'a claim for extended resources of nobody',
    extended([], ''),
    {},
    [
      `${EXTENDED}.requestMappings: Required value: at least one request mapping is required`,
      `${EXTENDED}.resourceClaimName: Required value`,
    ],
  ],
  [
    'claims for what is not there',
    extended([
      { ...mapping, containerName: 'd' },
      { ...mapping, resourceName: 'cpu' },
    ]),
    {},
    [
      `${EXTENDED}.requestMappings[0].containerName: Invalid value: "d": must match the name of an entry in spec.initContainers.name or spec.containers.name`,
      `${EXTENDED}.requestMappings[1].resourceName: Invalid value: "cpu": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
    ],
  ],
  [
    'the same claim twice',
    extended([mapping, mapping]),
    {},
    [
      `${EXTENDED}.requestMappings[1].containerName: Duplicate value: "c"`,
      `${EXTENDED}.requestMappings[1].resourceName: Duplicate value: "example.com/gpu"`,
      `${EXTENDED}.requestMappings[1].requestName: Duplicate value: "r"`,
    ],
  ],
])('%s', (_, now, more, expected) => expect(findings(now, more)).toEqual(expected));
