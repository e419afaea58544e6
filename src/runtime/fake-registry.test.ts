import { expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { noSuchImage } from './fake-registry.ts';
import { FakeRuntime } from './fake-runtime.ts';

const { signal } = new AbortController();
const runtime = new FakeRuntime({ clock: systemClock, fault: noSuchImage });
const pull = (reference: string) => runtime.pullImage(reference, undefined, { signal });

it('has every image but those that cannot be', async () => {
  for (const reference of ['docker.io/library/foo:1', 'non-existent:1', 'example.com/invalid/a:1']) await pull(reference);
  await expect(pull('docker.io/library/foo:non-existent')).rejects.toMatchObject({
    reason: 'NotFound',
    message: expect.stringMatching(/^failed to pull and unpack image .*: docker.io\/library\/foo:non-existent: not found$/),
  });
  await expect(pull('invalid.registry.k8s.io/invalid/alpine:3.1')).rejects.toThrow('lookup invalid.registry.k8s.io: no such host');
});
