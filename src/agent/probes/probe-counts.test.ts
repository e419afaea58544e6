import { expect, test } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { ProbeCounts } from './probe-counts.ts';

const pod = (name: string): Pod => ({ metadata: { name, namespace: 'n', uid: `uid-${name}` } });

test('probes are counted by container, kind and result, until their pod is gone', () => {
  const counts = new ProbeCounts();
  counts.add(pod('a'), 'main', 'liveness', 'success');
  counts.add(pod('a'), 'main', 'liveness', 'warning');
  counts.add(pod('a'), 'main', 'readiness', 'failure');
  counts.add(pod('b'), 'main', 'startup', 'unknown');
  const series = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const labels = (of: string, type: string, result: string) =>
    `prober_probe_total{container="main",namespace="n",pod="${of}",pod_uid="uid-${of}",probe_type="${type}",result="${result}"}`;
  expect(series(counts.page([pod('a'), pod('b')]))).toEqual([
    `${labels('a', 'Liveness', 'successful')} 2`,
    `${labels('a', 'Readiness', 'failed')} 1`,
    `${labels('b', 'Startup', 'unknown')} 1`,
  ]);
  expect(series(counts.page([pod('a')]))).toHaveLength(2);
  expect(counts.page([])).toBe('');
});
