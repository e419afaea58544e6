import { expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { systemRandom } from '../../base/random.ts';
import { fakeReader } from '../fake-reader.ts';
import type { AdmissionPlugin } from '../ports.ts';
import { builtInAdmission } from './built-in.ts';
import { BUILT_IN_PLUGINS, OTHER_PLUGINS } from './plugin-names.ts';

const named = (name: string): AdmissionPlugin => ({ name });

it('the built-in plugins run in the order of their names, and no name is of two sorts', () => {
  const plugins = builtInAdmission({
    objects: fakeReader({}),
    authorizer: () => ({ allowed: true, reason: '' }),
    policies: { mutating: named('MutatingAdmissionPolicy'), validating: named('ValidatingAdmissionPolicy') },
    webhooks: { mutating: named('MutatingAdmissionWebhook'), validating: named('ValidatingAdmissionWebhook') },
    clock: fakeClock(),
    random: systemRandom,
  });
  expect(plugins.map(({ name }) => name).filter((name) => name !== 'CertificateRequest')).toEqual(BUILT_IN_PLUGINS);
  expect(new Set([...BUILT_IN_PLUGINS, ...OTHER_PLUGINS]).size).toBe(BUILT_IN_PLUGINS.length + OTHER_PLUGINS.length);
});
