import { expect, it } from 'vitest';
import { sliMetrics } from './sli-metrics.ts';

it('counts checks that fail apart, and lets who asks know that they failed', async () => {
  const slis = sliMetrics();
  let isWell = false;
  const [check] = slis.observed('readyz', [
    {
      name: 'store',
      check() {
        if (!isWell) throw new Error('closed');
      },
    },
  ]);
  await expect(check?.check()).rejects.toThrow('closed');
  expect((await slis.render()).text).toContain('kubernetes_healthcheck{name="store",type="readyz"} 0\n');
  isWell = true;
  const { text } = await slis.render();
  expect(text).toContain('kubernetes_healthcheck{name="store",type="readyz"} 1\n');
  expect(text).toContain('kubernetes_healthchecks_total{name="store",type="readyz",status="error"} 2\n');
  expect(text).toContain('kubernetes_healthchecks_total{name="store",type="readyz",status="success"} 1\n');
});
