import { describe, expect, it } from 'vitest';
import type { Container, Pod, PodSpec } from '../schema/generated/types.ts';
import { checkPodUpdate } from './validation-pod-update.ts';

const asking = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: 'c',
  image: 'i',
  resources: { requests: { cpu }, limits: { memory: '1Gi' } },
  ...more,
});
const pod = (spec: Partial<PodSpec>, more: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'p' },
  ...more,
  spec: { containers: [asking('1')], ...spec },
});
const findings = (now: Partial<PodSpec>, before: Partial<PodSpec> = {}, more: Partial<Pod> = {}) =>
  checkPodUpdate(pod(now, more), pod(before, more), 'resize').map(({ path, message }) => `${path}: ${message}`);
const init = (cpu: string, more: Partial<Container> = {}) => ({ initContainers: [asking(cpu, { name: 'i', ...more })] });
const withClaims = (cpu: string) => ({ resources: { requests: { cpu }, limits: { memory: '1Gi' }, claims: [{ name: 'gpu' }] } });
const whole = (cpu: string, more: Record<string, string> = {}) => ({ resources: { requests: { cpu, ...more } } });

describe('a resize of a pod', () => {
  it.each<[string, Partial<PodSpec>, Partial<PodSpec>, string[]]>([
    ['of a container', { containers: [asking('2')] }, {}, []],
    ['of an init container', init('2'), init('1'), []],
    ['of a sidecar', init('2', { restartPolicy: 'Always' }), init('1', { restartPolicy: 'Always' }), []],
    ['as a whole', whole('2'), whole('1'), []],
    ['as a whole, for the first time', whole('2'), {}, []],
    [
      'with another container',
      { containers: [asking('1'), asking('1', { name: 'd' })] },
      {},
      ['spec.containers: Forbidden: containers may not be added or removed on resize'],
    ],
    [
      'with another name',
      { containers: [asking('1', { name: 'd' })] },
      {},
      ['spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize'],
    ],
    ['without its init container', {}, init('1'), ['spec.initContainers: Forbidden: initContainers may not be added or removed on resize']],
    [
      'with another init container',
      init('1', { name: 'j' }),
      init('1'),
      ['spec.initContainers[0].name: Forbidden: initContainers may not be renamed or reordered on resize'],
    ],
    [
      'without requests',
      { containers: [asking('1', { resources: { limits: { memory: '1Gi' } } })] },
      {},
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'without limits of an init container',
      init('1', { resources: { requests: { cpu: '1' } } }),
      init('1'),
      ['spec.initContainers[0].resources.limits: Forbidden: resource limits cannot be removed'],
    ],
    [
      'of other resources',
      { containers: [asking('1', { resources: { requests: { cpu: '1', 'example.com/gpu': '1' }, limits: { memory: '1Gi' } } })] },
      {},
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'of other resources of an init container',
      init('1', { resources: { requests: { cpu: '1', 'example.com/gpu': '1' }, limits: { memory: '1Gi' } } }),
      init('1'),
      ['spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable'],
    ],
    [
      'of a container with devices',
      { containers: [asking('2', withClaims('2'))] },
      { containers: [asking('1', withClaims('1'))] },
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'beside an init container with devices',
      init('1', withClaims('1')),
      init('1', withClaims('1')),
      ['spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable'],
    ],
    [
      'of an init container that would begin anew',
      init('2', { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
      init('1', { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
      ['spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized'],
    ],
    ['that takes away what it has as a whole', {}, whole('1'), ['spec.resources: Forbidden: pod-level resources cannot be removed']],
    [
      'that takes away its requests as a whole',
      { resources: { limits: { cpu: '1' } } },
      { resources: { requests: { memory: '1Gi' }, limits: { cpu: '1' } } },
      ['spec.resources.requests: Forbidden: pod-level resource requests cannot be removed'],
    ],
    [
      'that takes away its limits as a whole',
      whole('1'),
      { resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } } },
      ['spec.resources.limits: Forbidden: pod-level resource limits cannot be removed'],
    ],
    [
      'of huge pages as a whole',
      whole('1', { 'hugepages-2Mi': '4Mi' }),
      whole('1', { 'hugepages-2Mi': '2Mi' }),
      ['spec: Forbidden: only cpu and memory resources are mutable at pod-level'],
    ],
    ['of something else', { nodeName: 'n' }, {}, ['spec: Forbidden: only cpu and memory resources are mutable']],
    [
      'into another class',
      { containers: [asking('1', { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } } })] },
      { containers: [asking('1', { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } })] },
      ['spec: Invalid value: "": Pod QOS Class may not change as a result of resizing'],
    ],
  ])('%s', (_, now, before, expected) => expect(findings(now, before)).toEqual(expected));

  it.each<[string, Partial<Pod>, Partial<PodSpec>, string]>([
    [
      'of the node',
      { metadata: { annotations: { 'kubernetes.io/config.mirror': 'h' } } },
      {},
      '[]: Forbidden: static pods cannot be resized',
    ],
    ['of Windows', {}, { os: { name: 'windows' } }, '[]: Forbidden: windows pods cannot be resized'],
    [
      'on a node that does not tell what containers have',
      { status: { containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } }] } },
      {},
      'spec: Forbidden: Pod running on node without support for resize',
    ],
    [
      'whose claims stand for its resources',
      { status: { nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'r', containers: [], resources: {} }] } },
      {},
      'spec: Forbidden: pods with node allocatable resource claims cannot be resized',
    ],
  ])('%s is refused', (_, more, spec, expected) => {
    expect(findings({ ...spec, containers: [asking('2')] }, spec, more)).toEqual([expected]);
  });
});
