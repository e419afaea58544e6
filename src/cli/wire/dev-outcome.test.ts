import { expect, it } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { FAKE_EXIT_AFTER_MS, FAKE_EXIT_CODE } from '../../runtime/fake-state.ts';
import type { ContainerConfig, SandboxConfig } from '../../runtime/runtime.ts';
import { devOutcome } from './dev-outcome.ts';

const pod: Pod = {
  spec: { initContainers: [{ name: 'migrate' }, { name: 'mesh', restartPolicy: 'Always' }], containers: [{ name: 'web' }] },
};
const outcomeOf = (name: string, annotations: Record<string, string> = {}) =>
  devOutcome(pod, { metadata: { name }, annotations: {} } as unknown as ContainerConfig, { annotations } as unknown as SandboxConfig);

it('ends init containers well, and lets sidecars and all others run', () => {
  expect(outcomeOf('migrate')).toEqual({ does: 'exit', exitCode: 0, afterMs: 0 });
  expect(outcomeOf('mesh')).toEqual({ does: 'run' });
  expect(outcomeOf('web')).toEqual({ does: 'run' });
});

it('does what annotations say first', () => {
  const annotations = { [FAKE_EXIT_CODE]: '3', [FAKE_EXIT_AFTER_MS]: '500' };
  expect(outcomeOf('migrate', annotations)).toEqual({ does: 'exit', exitCode: 3, afterMs: 500 });
  expect(outcomeOf('web', annotations)).toEqual({ does: 'exit', exitCode: 3, afterMs: 500 });
});

it('lets containers of pods that are gone run', () => {
  expect(
    devOutcome(
      undefined,
      { metadata: { name: 'migrate' }, annotations: {} } as unknown as ContainerConfig,
      { annotations: {} } as SandboxConfig,
    ),
  ).toEqual({
    does: 'run',
  });
});
