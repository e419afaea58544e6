import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiVersionOf, type ResourceDefinition, resourceId } from '../../api/define.ts';
import { registry } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { fakeObject } from '../../api/schema/fake-object.ts';
import { fakeApi } from '../fake-api.ts';

const stored = registry.all.filter((d) => d.persistence !== 'none' && registry.byId(resourceId(d)) === d);
const place = (d: ResourceDefinition) => (d.scope === 'Namespaced' ? { namespace: 'default' } : {});

const LIMITS = { type: 'Container', default: { cpu: '1' }, max: { memory: '1Gi' } };
const SCOPES = ['BestEffort', 'NotTerminating', 'CrossNamespacePodAffinity'];
const COUNTED = { pods: '1k', 'requests.cpu': '1k', 'services.nodeports': '1k', 'requests.storage': '1Pi' };

/** An API with every built-in admission plugin at work: a namespace with limits and with quotas that look into pods, claims and services. */
async function admittingApi() {
  const api = await fakeApi({ admission: undefined });
  const make = (resource: string, body: object) => api.call('create', resource, { namespace: 'default', body });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'default' } } });
  await make('serviceaccounts', { metadata: { name: 'default' } });
  await make('limitranges', { metadata: { name: 'limits' }, spec: { limits: [LIMITS] } });
  await make('resourcequotas', { metadata: { name: 'counted' }, spec: { hard: COUNTED } });
  for (const scopeName of SCOPES) {
    const scopeSelector = { matchExpressions: [{ scopeName, operator: 'Exists' }] };
    await make('resourcequotas', { metadata: { name: scopeName.toLowerCase() }, spec: { hard: { pods: '1k' }, scopeSelector } });
  }
  return api;
}

const APIS = [
  { how: 'without admission', open: () => fakeApi(), refusal: /^(Invalid|BadRequest)$/ },
  { how: 'with all admission', open: admittingApi, refusal: /^(Invalid|BadRequest|Forbidden|NotFound)$/ },
];

describe.each(APIS)('the definitions, behind the registry $how', ({ open, refusal }) => {
  it.each(stored.map((d) => [`${apiVersionOf(d)} ${d.kind}`, d] as const))(
    '%s are made or refused as invalid, whatever is missing',
    async (_, d) => {
      const api = await open();
      const make = async (object: object) => {
        const body = { ...object, apiVersion: apiVersionOf(d), kind: d.kind, metadata: { generateName: 'x' } };
        const outcome = await api.call('create', resourceId(d), { ...place(d), body }).catch((e: unknown) => e);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ reason: expect.stringMatching(refusal) });
        else expect(outcome).toMatchObject({ apiVersion: apiVersionOf(d), kind: d.kind, metadata: { generateName: 'x' } });
      };
      await make({});
      await make({ spec: {} });
      await fc.assert(fc.asyncProperty(fakeObject(d.schema, { complete: false }), make), { numRuns: 15 });
      await fc.assert(fc.asyncProperty(fakeObject(d.schema, { complete: true }), make), { numRuns: 15 });
    },
  );
});

describe('the registry', () => {
  it('reports what the schema requires once, without the kind’s own checks on top', async () => {
    const api = await fakeApi();
    const failure = await api.call('create', 'pods', { namespace: 'default', body: { metadata: { name: 'x' } } }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(ApiError);
    expect((failure as ApiError).message).toBe('Pod "x" is invalid: spec.containers: Required value');
  });

  it('lets a node register with its status, and starts all others without', async () => {
    const api = await fakeApi();
    const node = await api.call('create', 'nodes', { body: { metadata: { name: 'n' }, status: { capacity: { cpu: '2' } } } });
    expect(node).toMatchObject({ status: { capacity: { cpu: '2' }, allocatable: { cpu: '2' } } });
    const body = {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'a', image: 'i' }] },
      status: { phase: 'Running', podIP: '1.2.3.4' },
    };
    const pod = await api.call('create', 'pods', { namespace: 'default', body });
    expect(pod).toMatchObject({ status: { phase: 'Pending', qosClass: 'BestEffort' } });
    expect(pod).not.toHaveProperty('status.podIP');
  });

  it('refuses ephemeral containers at creation', async () => {
    const api = await fakeApi();
    const containers = [{ name: 'a', image: 'i' }];
    const body = { metadata: { name: 'x' }, spec: { containers, ephemeralContainers: [{ name: 'e', image: 'i' }] } };
    await expect(api.call('create', 'pods', { namespace: 'default', body })).rejects.toThrow('cannot be set on create');
  });

  it('serves one event through both groups', async () => {
    const api = await fakeApi();
    const body = {
      metadata: { name: 'e' },
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      note: 'hello',
      reason: 'r',
      action: 'a',
      type: 'Normal',
      reportingController: 'test',
      reportingInstance: 't-0',
      eventTime: '2026-01-01T00:00:00.000000Z',
    };
    await api.call('create', 'events.events.k8s.io', { namespace: 'default', body });
    const event = await api.call('get', 'events', { namespace: 'default', name: 'e' });
    expect(event).toMatchObject({ apiVersion: 'v1', involvedObject: { name: 'p' }, message: 'hello' });
  });
});
