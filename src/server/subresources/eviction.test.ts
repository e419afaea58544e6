import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/schema/generated/types.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';

const BUDGETS = 'poddisruptionbudgets.policy';
const counted = { currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1, expectedPods: 3, observedGeneration: 1 };

describe('an eviction', () => {
  let api: FakeApi;
  beforeEach(async () => {
    api = await fakeApi();
  });
  const namespace = 'n';
  const makePod = async (status: object = {}) => {
    const spec = { containers: [{ name: 'c', image: 'i' }], nodeName: 'node' };
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace, labels: { app: 'a' } }, spec };
    const pod = await api.call<Pod>('create', 'pods', { namespace, body });
    const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], ...status };
    await api.call('update', 'pods', { namespace, name: 'p', subresource: 'status', body: { ...pod, status: ready } });
  };
  const makeBudget = async (status: PodDisruptionBudgetStatus, spec: object = {}) => {
    const body = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b', namespace },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'a' } }, ...spec },
    };
    const budget = await api.call<PodDisruptionBudget>('create', BUDGETS, { namespace, body });
    await api.call('update', BUDGETS, { namespace, name: 'b', subresource: 'status', body: { ...budget, status } });
  };
  const evict = (more: object = {}) =>
    api.call('create', 'pods', { namespace, name: 'p', subresource: 'eviction', body: { metadata: { name: 'p' }, ...more } });
  const budget = () => api.call<PodDisruptionBudget>('get', BUDGETS, { namespace, name: 'b' });
  const pod = () => api.call<Pod>('get', 'pods', { namespace, name: 'p' });
  const refused = (message: string) => ({ code: 429, details: { causes: [{ reason: 'DisruptionBudget', message }] } });

  it('takes one off the budget, which then says that no more may go', async () => {
    await makePod();
    await makeBudget(counted);
    await evict();
    expect((await budget()).status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { p: expect.any(String) },
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 }],
    });
    expect((await pod()).metadata?.deletionTimestamp).toBeDefined();
  });

  it('changes nothing in a dry run', async () => {
    await makePod();
    await makeBudget(counted);
    await evict({ deleteOptions: { dryRun: ['All'] } });
    expect((await budget()).status?.disruptionsAllowed).toBe(1);
    expect((await pod()).status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  });

  const failed = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'SyncFailed',
    message: 'why',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  it.each([
    [{ ...counted, disruptionsAllowed: 0, currentHealthy: 2 }, 'The disruption budget b needs 2 healthy pods and has 2 currently'],
    [{ ...counted, disruptionsAllowed: 0 }, 'The disruption budget b does not allow evicting pods currently'],
    [
      { ...counted, disruptionsAllowed: 0, conditions: [failed] },
      'The disruption budget b does not allow evicting pods currently because it failed sync: why',
    ],
    [{ ...counted, observedGeneration: 0 }, 'The disruption budget b is still being processed by the server.'],
  ])('is refused while the budget is %j', async (status, message) => {
    await makePod();
    await makeBudget(status);
    await expect(evict()).rejects.toMatchObject(refused(message));
    expect((await pod()).metadata?.deletionTimestamp).toBeUndefined();
    expect((await pod()).status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  });

  const exhausted = { ...counted, disruptionsAllowed: 0 };
  const unready = { conditions: [{ type: 'Ready', status: 'False' }] };
  it.each([
    ['an unready pod goes while enough are healthy', { ...exhausted, currentHealthy: 2 }, {}, unready, true],
    ['an unready pod stays while too few are healthy', { ...exhausted, currentHealthy: 1 }, {}, unready, false],
    ['or always goes', { ...exhausted, currentHealthy: 1 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' }, unready, true],
    ['a ready pod stays', { ...exhausted, currentHealthy: 2 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' }, {}, false],
    ['a pending pod goes', exhausted, {}, { phase: 'Pending' }, true],
    ['a pod that ended goes', exhausted, {}, { phase: 'Failed' }, true],
  ])('asks the policy for unhealthy pods: %s', async (_, status, spec, state, goes) => {
    await makePod(state);
    await makeBudget(status, spec);
    if (goes) await evict();
    else await expect(evict()).rejects.toMatchObject({ code: 429 });
    const left = await pod().catch(() => undefined);
    expect(left === undefined || left.metadata?.deletionTimestamp !== undefined).toBe(goes);
    expect((await budget()).status?.disruptedPods).toBeUndefined();
  });

  it('keeps to the preconditions that it brings, and its own note on the pod does not break them', async () => {
    await makePod();
    const { uid, resourceVersion } = (await pod()).metadata ?? {};
    await expect(evict({ deleteOptions: { preconditions: { uid: 'other' } } })).rejects.toMatchObject({
      code: 409,
      message: expect.stringContaining('the UID in the precondition (other) does not match the UID in record'),
    });
    await expect(evict({ deleteOptions: { preconditions: { resourceVersion: '1' } } })).rejects.toMatchObject({
      code: 409,
      message: expect.stringContaining('the ResourceVersion in the precondition (1) does not match the ResourceVersion in record'),
    });
    await evict({ deleteOptions: { preconditions: { uid, resourceVersion } } });
    const { metadata, status } = await pod();
    expect(metadata?.deletionTimestamp).toBeDefined();
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }));
  });
});
