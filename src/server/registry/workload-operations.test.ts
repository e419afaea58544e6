import { expect, it } from 'vitest';
import { registry } from '../../api/index.ts';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import { fakeApi } from '../fake-api.ts';

/** What upstream's conformance tests of workloads, quotas and service accounts ask of the API alone: no pod has to run for it. */
interface Case {
  readonly id: string;
  readonly content: object;
  /** Something that a client may write to the status, when there is one. */
  readonly status?: object;
}

const labels = { operations: 'tried' };
const template = (restartPolicy?: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(restartPolicy && { restartPolicy }) },
});
const conditions = [{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from a test' }];
const selected = { selector: { matchLabels: labels }, template: template() };

const cases: readonly Case[] = [
  { id: 'controllerrevisions.apps', content: { revision: 1, data: { spec: {} } } },
  {
    id: 'cronjobs.batch',
    content: { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template('Never') } } } },
    status: { lastScheduleTime: '2026-01-01T00:00:00Z' },
  },
  { id: 'daemonsets.apps', content: { spec: selected }, status: { conditions } },
  { id: 'deployments.apps', content: { spec: { replicas: 1, ...selected } }, status: { conditions } },
  { id: 'jobs.batch', content: { spec: { template: template('Never') } }, status: { conditions } },
  {
    id: 'poddisruptionbudgets.policy',
    content: { spec: { minAvailable: 1, selector: { matchLabels: labels } } },
    status: { disruptedPods: { p: '2026-01-01T00:00:00Z' } },
  },
  { id: 'replicasets.apps', content: { spec: { replicas: 1, ...selected } }, status: { conditions } },
  { id: 'replicationcontrollers', content: { spec: { replicas: 1, selector: labels, template: template() } }, status: { conditions } },
  {
    id: 'resourcequotas',
    content: { spec: { hard: { cpu: '500m', memory: '500Mi' } } },
    status: { hard: { cpu: '500m', memory: '500Mi' } },
  },
  { id: 'serviceaccounts', content: { automountServiceAccountToken: false } },
  { id: 'statefulsets.apps', content: { spec: { replicas: 1, serviceName: 's', ...selected } }, status: { conditions } },
];

const here = { namespace: 'default' };
const tried = { labelSelector: 'operations=tried' };
const object = (name: string, content: object) => ({ metadata: { name, labels }, ...content });

async function made({ id, content }: Case, ...names: string[]) {
  const api = await fakeApi();
  for (const name of names) await api.call('create', id, { ...here, body: object(name, content) });
  return api;
}

it.each(cases)(
  '$id: each is created, listed over all namespaces, patched, replaced, and deleted alone and by the collection',
  async (tested) => {
    const { id } = tested;
    const api = await made(tested, 'one', 'two', 'three');
    await api.call('create', id, { namespace: 'other', body: object('elsewhere', tested.content) });
    const names = async (rest: object) => (await api.list(id, { ...rest, options: tried })).items.map((o) => o.metadata?.name).sort();
    expect(await names({})).toEqual(['elsewhere', 'one', 'three', 'two']);
    expect(await names(here)).toEqual(['one', 'three', 'two']);
    const patch = { metadata: { annotations: { patched: 'true' } } };
    const patched = await api.call<KubeObject>('patch', id, { ...here, name: 'one', patchType: 'strategic', body: patch });
    expect(patched.metadata?.annotations).toMatchObject({ patched: 'true' });
    const body = { ...patched, metadata: { ...patched.metadata, annotations: { replaced: 'true' } } };
    const replaced = await api.call<KubeObject>('update', id, { ...here, name: 'one', body });
    expect(replaced.metadata).toMatchObject({ annotations: { replaced: 'true' }, uid: patched.metadata?.uid });
    const options = { propagationPolicy: 'Background' };
    await api.call('delete', id, { ...here, name: 'one', body: options });
    expect(await names(here)).toEqual(['three', 'two']);
    await api.call('deletecollection', id, { ...here, options: tried, body: options });
    expect([await names(here), await names({})]).toEqual([[], ['elsewhere']]);
  },
);

it.each(cases.filter(({ status }) => status))(
  '$id: each shows its status apart, and lets clients update and patch it without touching the rest',
  async (tested) => {
    const { id, status } = tested;
    const api = await made(tested, 'one');
    const at = { ...here, name: 'one', subresource: 'status' };
    const before = await api.call<KubeObject>('get', id, at);
    const patch = { metadata: { annotations: { patched: 'status' } }, status };
    const patched = await api.call<KubeObject & { status?: object }>('patch', id, { ...at, patchType: 'merge', body: patch });
    expect(patched.status).toMatchObject(status ?? {});
    expect(patched.metadata?.annotations).toMatchObject({ patched: 'status' });
    const updated = await api.call<KubeObject & { status?: object; spec?: object }>('update', id, {
      ...at,
      body: { ...patched, spec: undefined },
    });
    expect(updated.status).toMatchObject(status ?? {});
    expect((await api.call<KubeObject & { spec?: object }>('get', id, { ...here, name: 'one' })).spec).toEqual(
      (before as { spec?: object }).spec,
    );
  },
);

it.each(cases.filter(({ id }) => registry.byId(id)?.subresources.scale))(
  '$id: each has a scale that is read, updated and patched',
  async (tested) => {
    const { id } = tested;
    interface Scale extends KubeObject {
      readonly spec?: { readonly replicas?: number };
    }
    const api = await made(tested, 'one');
    const at = { ...here, name: 'one', subresource: 'scale' };
    const scale = await api.call<Scale>('get', id, at);
    expect([scale.kind, scale.spec?.replicas]).toEqual(['Scale', 1]);
    const updated = await api.call<Scale>('update', id, { ...at, body: { ...scale, spec: { replicas: 2 } } });
    expect(updated.spec?.replicas).toBe(2);
    const patched = await api.call<Scale>('patch', id, { ...at, patchType: 'merge', body: { spec: { replicas: 4 } } });
    expect(patched.spec?.replicas).toBe(4);
    expect((await api.call<KubeObject & { spec?: { replicas?: number } }>('get', id, { ...here, name: 'one' })).spec?.replicas).toBe(4);
  },
);

it('lists are of their own kind', async () => {
  const api = await fakeApi();
  for (const { id } of cases) {
    const list: KubeList = await api.list(id);
    expect(list.kind).toBe(registry.byId(id)?.listKind);
  }
});
