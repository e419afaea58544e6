import { describe, expect, it } from 'vitest';
import { type ContainerFacts, containerConfig } from './container-config.ts';

const container = { name: 'c', image: 'x', resources: { limits: { memory: '64Mi' } } };
const pod = { metadata: { name: 'web', namespace: 'shop', uid: 'u' }, spec: { containers: [container] } };
const facts: ContainerFacts = {
  attempt: 0,
  image: { id: 'sha256:1', repoTags: [], repoDigests: [], sizeBytes: 1, pinned: false },
  imageId: 'sha256:1',
  env: { downward: { podIps: [], hostIps: [], nodeName: 'n', allocatable: {} }, services: [], configMaps: new Map(), secrets: new Map() },
  mounts: async () => [],
  seccompDir: '/seccomp',
  nodeMemoryBytes: 1 << 30,
  endsTogether: false,
};

describe('a container that runs out of memory', () => {
  it('ends with all its processes where cgroups can do that', async () => {
    const { linux } = await containerConfig(pod, container, { ...facts, endsTogether: true });
    expect(linux.resources.unified).toEqual({ 'memory.oom.group': '1' });
  });
  it('loses one process on cgroup v1, which knows no such setting', async () => {
    const { linux } = await containerConfig(pod, container, facts);
    expect(linux.resources).not.toHaveProperty('unified');
  });
});
