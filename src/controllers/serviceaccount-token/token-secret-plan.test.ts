import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Secret, ServiceAccount } from '../../api/schema/generated/types.ts';
import { accountOf, planTokenSecret } from './token-secret-plan.ts';

const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';
const text = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString();
const accountWith = (uid: string): ServiceAccount => ({ metadata: { name: 'robot', namespace: 'ci', uid } });

const bytes = fc.base64String();
const data: fc.Arbitrary<Record<string, string>> = fc.record(
  { token: bytes, 'ca.crt': fc.oneof(fc.constant(btoa('CA')), bytes), namespace: fc.oneof(fc.constant(btoa('ci')), bytes), mine: bytes },
  { requiredKeys: [] },
);
const annotations = fc.dictionary(fc.constantFrom('a/b', 'c/d'), fc.string());
/** A Secret for the account robot; `uid`: whose it says to be, if it does. */
const secretWith = (values: Record<string, string> | undefined, marks: Record<string, string>, uid?: string): Secret => ({
  metadata: { name: 'key', namespace: 'ci', annotations: { ...marks, [NAME]: 'robot', ...(uid !== undefined && { [UID]: uid }) } },
  type: 'kubernetes.io/service-account-token',
  data: values,
});
const ca = fc.constantFrom('CA', 'another CA', 'Zertifizierungsstelle für Ä');

/** What the controller writes: the plan with the token that it has issued. */
function written(secret: Secret, account: ServiceAccount, caPem: string): Secret {
  const plan = planTokenSecret(secret, account, caPem);
  if (plan.do !== 'fill') return secret;
  return plan.needsToken ? { ...plan.secret, data: { ...plan.secret.data, token: btoa('issued') } } : plan.secret;
}

test('one write makes any Secret of the account whole, and takes nothing that was in it but a wrong CA', () => {
  fc.assert(
    fc.property(fc.option(data, { nil: undefined }), annotations, fc.constantFrom('u', '', undefined), ca, (before, marks, uid, caPem) => {
      const secret = secretWith(before, marks, uid);
      const after = written(secret, accountWith('u'), caPem);
      expect(planTokenSecret(after, accountWith('u'), caPem)).toEqual({ do: 'nothing' });
      expect(text(after.data?.['ca.crt'])).toBe(caPem);
      expect(after.data).toMatchObject({
        namespace: btoa('ci'),
        ...before,
        token: before?.token || btoa('issued'),
        'ca.crt': after.data?.['ca.crt'],
      });
      expect(after.metadata?.annotations).toEqual({ ...marks, [NAME]: 'robot', [UID]: 'u' });
      expect(accountOf(after)).toBe('ci/robot');
    }),
  );
});

test('a token outlives its account in no case: neither its deletion nor another account under the same name', () => {
  fc.assert(
    fc.property(data, annotations, ca, (before, marks, caPem) => {
      const after = written(secretWith(before, marks), accountWith('u'), caPem);
      expect(planTokenSecret(after, undefined, caPem)).toEqual({ do: 'delete' });
      expect(planTokenSecret(after, accountWith('v'), caPem)).toEqual({ do: 'delete' });
    }),
  );
});

test("no Secret of another kind is anybody's, whatever it says", () => {
  fc.assert(
    fc.property(fc.constantFrom('Opaque', 'kubernetes.io/tls', undefined), data, (type, values) => {
      expect(accountOf({ ...secretWith(values, {}, 'u'), type })).toBeUndefined();
    }),
  );
});
