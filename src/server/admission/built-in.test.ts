import { expect, it } from 'vitest';
import { registry } from '../../api/index.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { systemRandom } from '../../base/random.ts';
import { fakeReader } from '../fake-reader.ts';
import type { AdmissionPlugin } from '../ports.ts';
import { builtInAdmission } from './built-in.ts';
import { BUILT_IN_PLUGINS, isOnByDefault, OTHER_PLUGINS } from './plugin-names.ts';

const named = (name: string): AdmissionPlugin => ({ name });

const namesOf = (options: Partial<Parameters<typeof builtInAdmission>[0]> = {}) =>
  builtInAdmission({
    objects: fakeReader({}),
    authorizer: () => ({ allowed: true, reason: '' }),
    kinds: () => registry,
    policies: { mutating: named('MutatingAdmissionPolicy'), validating: named('ValidatingAdmissionPolicy') },
    webhooks: { mutating: named('MutatingAdmissionWebhook'), validating: named('ValidatingAdmissionWebhook') },
    imagePolicy: named('ImagePolicyWebhook'),
    createNamespace: async () => {},
    clock: fakeClock(),
    random: systemRandom,
    ...options,
  })
    .map(({ name }) => name)
    .filter((name) => name !== 'CertificateRequest');

it('the built-in plugins run in the order of their names, and no name is of two sorts', () => {
  expect(namesOf({ isOn: () => true })).toEqual(BUILT_IN_PLUGINS);
  expect(namesOf()).toEqual(BUILT_IN_PLUGINS.filter(isOnByDefault));
  expect(namesOf()).not.toContain('AlwaysDeny');
  expect(new Set([...BUILT_IN_PLUGINS, ...OTHER_PLUGINS]).size).toBe(BUILT_IN_PLUGINS.length + OTHER_PLUGINS.length);
});
