import { expect, it } from 'vitest';
import { fakeApi } from '../fake-api.ts';

const POLICIES = 'supported values: "Foreground", "Background", "Orphan", "nil"';

it.each<[object, string]>([
  [{ propagationPolicy: 'Some' }, `propagationPolicy: Unsupported value: "Some": ${POLICIES}`],
  [{ dryRun: ['All', 'Some'] }, 'dryRun: Unsupported value: ["All","Some"]: supported values: "All"'],
  [
    { propagationPolicy: 'Orphan', orphanDependents: true },
    'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  ],
  [
    { propagationPolicy: 'Some', orphanDependents: false, dryRun: [''] },
    `[propagationPolicy: Invalid value: "Some": orphanDependents and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: "Some": ${POLICIES}, dryRun: Unsupported value: [""]: supported values: "All"]`,
  ],
])('a deletion with %j is refused, of one object and of all, even if there are none', async (body, told) => {
  const api = await fakeApi();
  const error = { code: 422, message: `DeleteOptions.meta.k8s.io "" is invalid: ${told}` };
  for (const verb of ['delete', 'deletecollection'] as const) {
    await expect(
      api.call(verb, 'configmaps', { namespace: 'default', name: verb === 'delete' ? 'a' : undefined, body }),
    ).rejects.toMatchObject(error);
  }
});

it('a deletion of all objects is held to the rules of lists', async () => {
  const api = await fakeApi();
  const all = api.call('deletecollection', 'configmaps', { namespace: 'default', options: { resourceVersionMatch: 'Exact' } });
  await expect(all).rejects.toMatchObject({ code: 422, message: expect.stringMatching(/^ListOptions.meta.k8s.io "" is invalid/) });
});

it.each<[object, RegExp]>([
  [
    { uid: 'x' },
    /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(x\) does not match the UID in record \([-0-9a-f]{36}\). The object might have been deleted and then recreated$/,
  ],
  [
    { resourceVersion: '1' },
    /^Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\). The object might have been modified$/,
  ],
])('a deletion with preconditions %j that do not hold is refused', async (preconditions, message) => {
  const api = await fakeApi();
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } };
  await api.call('create', 'configmaps', { namespace: 'default', body });
  const deletion = api.call('delete', 'configmaps', { namespace: 'default', name: 'a', body: { preconditions } });
  await expect(deletion).rejects.toMatchObject({ code: 409, message: expect.stringMatching(message), details: { kind: 'ConfigMap' } });
});

it('a deletion that went well is told without a code', async () => {
  const api = await fakeApi();
  const body = { metadata: { name: 'a' } };
  const { metadata } = await api.call('create', 'configmaps', { namespace: 'default', body });
  expect(await api.call('delete', 'configmaps', { namespace: 'default', name: 'a' })).toEqual({
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Success',
    details: { name: 'a', kind: 'configmaps', uid: metadata?.uid },
  });
});

it('a deletion that is only tried shows the object as it would be marked, in the version that it has', async () => {
  const api = await fakeApi();
  const { metadata } = await api.call('create', 'configmaps', { namespace: 'default', body: { metadata: { name: 'a' } } });
  const tried = await api.call('delete', 'configmaps', {
    namespace: 'default',
    name: 'a',
    body: { propagationPolicy: 'Foreground', dryRun: ['All'] },
  });
  expect(tried.metadata).toMatchObject({ resourceVersion: metadata?.resourceVersion, finalizers: ['foregroundDeletion'] });
});

it.each<[unknown, string]>([
  [{ dryRun: 'All' }, 'json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string'],
  [{ gracePeriodSeconds: 'x' }, 'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64'],
  [
    { apiVersion: 'policy/v1', kind: 'Eviction' },
    'no kind "Eviction" is registered for version "policy/v1" in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"',
  ],
  [
    [],
    'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
  ],
])('what is no DeleteOptions is refused: %j', async (body, message) => {
  const api = await fakeApi();
  const away = api.call('delete', 'configmaps', { namespace: 'default', name: 'a', body });
  await expect(away).rejects.toMatchObject({ code: 400, message });
});
