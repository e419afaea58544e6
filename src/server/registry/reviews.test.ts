import { expect, it } from 'vitest';
import { fakeApi } from '../fake-api.ts';

const GROUP = 'authorization.k8s.io';
const REVIEWS = `subjectaccessreviews.${GROUP}`;

async function asked(body: object, options: object = {}) {
  const seen: unknown[] = [];
  const virtual = {
    [REVIEWS]: async (request: { body?: unknown }) => {
      seen.push(request.body);
      return { apiVersion: 'v1', kind: 'Status' } as never;
    },
  };
  const api = await fakeApi({ virtual });
  await api.call('create', REVIEWS, { body, options });
  return seen[0];
}

it('reviews are read as objects are: without unknown fields, and with owners of their fields', async () => {
  expect(await asked({ spec: { user: 'x', uid: '', nonsense: 1 } })).toMatchObject({
    kind: 'SubjectAccessReview',
    metadata: { managedFields: [{ operation: 'Update', fieldsV1: { 'f:spec': { 'f:user': {} } } }] },
    spec: { user: 'x' },
  });
});

it('reviews of another kind, and unknown fields under strict validation, are refused', async () => {
  await expect(asked({ kind: 'Wrong', spec: {} })).rejects.toThrow('cannot be handled as a SubjectAccessReview');
  await expect(asked({ spec: { nonsense: 1 } }, { fieldValidation: 'Strict' })).rejects.toThrow('unknown field "spec.nonsense"');
});
