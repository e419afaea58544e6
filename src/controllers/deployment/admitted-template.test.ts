import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployments, events, replicaSets } from '../../api/index.ts';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { deployment } from './deployment.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const web = (image = 'a'): Deployment => ({
  metadata: { name: 'web', namespace: 'n' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
});

/** `admit`: what a webhook makes of the templates of new ReplicaSets. */
function start(admit: (template: PodTemplateSpec) => void = () => {}) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  cluster.intercept = (request) => {
    if (request.verb !== 'create' || request.resource !== 'replicasets') return;
    const changed = structuredClone(request.body) as ReplicaSet;
    if (changed.spec?.template) admit(changed.spec.template);
    Object.assign(request, { body: changed });
  };
  startControllers([deployment], { client: cluster.client, clock, signal: stop.signal });
  const names = () => cluster.all(replicaSets).map(({ metadata }) => metadata?.name);
  const change = (patch: object) => cluster.client.patch(deployments, 'web', 'strategic', patch, { namespace: 'n', signal: stop.signal });
  return { clock, cluster, names, change };
}

const atRest = async ({ clock, cluster }: ReturnType<typeof start>) => {
  const writes = cluster.writes.length;
  // Less than the progress deadline, of which the status tells.
  await clock.advance(120_000);
  return cluster.writes.length === writes;
};

describe('a Deployment', () => {
  it('that was stored before a default was there keeps its ReplicaSet', async () => {
    const s = start();
    // As it is: what the API would fill in today is missing.
    s.cluster.seed(deployments, web());
    await s.clock.advance(10_000);
    expect(s.names()).toHaveLength(1);
    expect(await atRest(s)).toBe(true);
  });

  it('whose ReplicaSet was stored with zeros that are left out today keeps it', async () => {
    const s = start();
    await s.cluster.client.create(deployments, web(), { namespace: 'n', signal: stop.signal });
    await s.clock.advance(10_000);
    const [made] = s.cluster.all(replicaSets);
    const template = { ...made?.spec?.template, spec: { containers: [{ name: 'c', image: 'a', tty: false }], hostNetwork: false } };
    s.cluster.seed(replicaSets, { ...made, spec: { ...made?.spec, template } } as ReplicaSet);
    await s.clock.advance(10_000);
    expect(s.names()).toEqual([made?.metadata?.name]);
    expect(await atRest(s)).toBe(true);
  });

  it('whose ReplicaSets admission changes makes one for each template, says so, and then rests', async () => {
    const s = start((template) => template.spec?.containers.push({ name: 'sidecar', image: 's' }));
    await s.cluster.client.create(deployments, web(), { namespace: 'n', signal: stop.signal });
    await s.clock.advance(10_000);
    expect(s.names()).toHaveLength(1);
    expect(await atRest(s)).toBe(true);
    expect(s.cluster.all(events).filter(({ reason }) => reason === 'ReplicaSetTemplateChanged')).toHaveLength(1);
    await s.change({ spec: { template: { spec: { containers: [{ name: 'c', image: 'b' }] } } } });
    await s.clock.advance(10_000);
    expect(s.names()).toHaveLength(2);
    expect(await atRest(s)).toBe(true);
  });

  it('replaces a ReplicaSet whose template somebody changes later', async () => {
    const s = start((template) => template.spec?.containers.push({ name: 'sidecar', image: 's' }));
    await s.cluster.client.create(deployments, web(), { namespace: 'n', signal: stop.signal });
    await s.clock.advance(10_000);
    const [name = ''] = s.names();
    const edit = { spec: { template: { spec: { containers: [{ name: 'c', image: 'edited' }] } } } };
    await s.cluster.client.patch(replicaSets, name ?? '', 'strategic', edit, { namespace: 'n', signal: stop.signal });
    await s.clock.advance(60_000);
    expect(s.names()).toHaveLength(2);
    expect(await atRest(s)).toBe(true);
  });
});
