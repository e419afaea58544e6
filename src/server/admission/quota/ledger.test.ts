import { expect, test } from 'vitest';
import { formatQuantity } from '../../../base/quantity.ts';
import type { ObjectReader } from '../../ports.ts';
import { QuotaLedger } from './ledger.ts';

const START = Date.UTC(2026, 0, 1);
const at = (second: number) => START + second * 1000;

test('a pod that should be gone is not counted, and counts again when the clock is set back', () => {
  const pod = {
    metadata: {
      name: 'p',
      namespace: 'n',
      uid: 'u',
      resourceVersion: '3',
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    },
    spec: { containers: [] },
  };
  const objects = { has: () => true, list: () => [pod], get: () => pod } as unknown as ObjectReader;
  const quota = { metadata: { name: 'q', namespace: 'n' }, spec: { hard: { pods: '1' } } };
  const ledger = new QuotaLedger({ quota, objects, nowMs: at(0) });
  const used = (second: number) => {
    const pods = ledger.used(at(second)).pods;
    return pods && formatQuantity(pods);
  };
  expect([0, 60, 61, 500, 10, 61].map(used)).toEqual(['1', '1', '0', '0', '1', '0']);
});
