import { expect, it } from 'vitest';
import { fakeApi } from '../fake-api.ts';

const POLICIES = 'supported values: "Foreground", "Background", "Orphan", "nil"';

it.each<[object, string]>([
  [{ propagationPolicy: 'Some' }, `propagationPolicy: Unsupported value: "Some": ${POLICIES}`],
  [{ dryRun: ['All', 'Some'] }, 'dryRun: Unsupported value: []string{"All", "Some"}: supported values: "All"'],
  [
    { propagationPolicy: 'Orphan', orphanDependents: true },
    'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  ],
  [
    { propagationPolicy: 'Some', orphanDependents: false, dryRun: [''] },
    `[propagationPolicy: Invalid value: "Some": orphanDependents and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: "Some": ${POLICIES}, dryRun: Unsupported value: []string{""}: supported values: "All"]`,
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
