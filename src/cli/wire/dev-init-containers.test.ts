import { expect, it } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { endsBeforeOthersStart } from './dev-init-containers.ts';

it('is so of init containers, and neither of sidecars nor of all others', () => {
  const pod: Pod = {
    spec: { initContainers: [{ name: 'migrate' }, { name: 'mesh', restartPolicy: 'Always' }], containers: [{ name: 'web' }] },
  };
  expect(['migrate', 'mesh', 'web'].filter((name) => endsBeforeOthersStart(pod, name))).toEqual(['migrate']);
  expect(endsBeforeOthersStart(undefined, 'migrate')).toBe(false);
});
