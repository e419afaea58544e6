import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { ApiError } from '../../api/meta/status.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import type { AuthorizationAttributes, AuthorizationDecision } from '../ports.ts';
import { accessMetrics } from './access-metrics.ts';

async function setUp() {
  const [registry, clock] = [new Registry(), fakeClock()];
  const shows = async (...lines: string[]) => {
    const text = await registry.metrics();
    for (const line of lines) expect(text).toContain(`${line}\n`);
  };
  return { clock, metrics: accessMetrics(registry, clock), shows };
}

it('counts who asks in few groups, and how long it took to find out', async () => {
  const { clock, metrics, shows } = await setUp();
  const named = metrics.authenticates((name: string) => ({ name, groups: [] }));
  for (const name of ['admin', 'jane@example.com', 'system:node:n1', 'system:anonymous']) expect(named(name)).toMatchObject({ name });
  const refusing = metrics.authenticates(async () => {
    await clock.advance(3);
    throw new ApiError('Unauthorized', 'Unauthorized');
  });
  await expect(refusing(undefined)).rejects.toThrow('Unauthorized');
  await shows(
    'authenticated_user_requests{username="admin"} 1',
    'authenticated_user_requests{username="email_id"} 1',
    'authenticated_user_requests{username="other"} 2',
    'authentication_attempts{result="success"} 4',
    'authentication_attempts{result="error"} 1',
    'authentication_duration_seconds_bucket{result="error",le="0.002"} 0',
    'authentication_duration_seconds_bucket{result="error",le="0.004"} 1',
  );
});

it('counts what was allowed, what nobody had an opinion on, what was denied for good and what failed', async () => {
  const { metrics, shows } = await setUp();
  const decisions: AuthorizationDecision[] = [
    { allowed: true, reason: '' },
    { allowed: false, reason: '' },
    { allowed: false, denied: true, reason: '' },
    { allowed: false, reason: '', error: 'the webhook is gone' },
  ];
  for (const decision of decisions) {
    const asked = metrics.authorizes(() => (decision.denied ? Promise.resolve(decision) : decision))({} as AuthorizationAttributes);
    expect(await asked).toBe(decision);
  }
  await shows(
    ...['allowed', 'no-opinion', 'denied', 'error'].map((result) => `authorization_attempts_total{result="${result}"} 1`),
    'authorization_duration_seconds_count{result="allowed"} 1',
  );
});

it('counts handshakes that failed', async () => {
  const { metrics, shows } = await setUp();
  metrics.handshakeFailed();
  await shows('apiserver_tls_handshake_errors_total 1');
});
