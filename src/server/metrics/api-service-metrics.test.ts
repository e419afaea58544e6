import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { APIService } from '../../api/schema/generated/types.ts';
import { fakeReader } from '../fake-reader.ts';
import { observeApiServices } from './api-service-metrics.ts';

const API_SERVICES = 'apiservices.apiregistration.k8s.io';
const service = (status?: string, reason = 'Passed'): APIService => ({
  metadata: { name: 'v1.example.com' },
  spec: { service: { name: 's', namespace: 'n' }, groupPriorityMinimum: 1, versionPriority: 1 },
  ...(status && { status: { conditions: [{ type: 'Available', status, reason }] } }),
});

it('shows who cannot be reached, and counts how often who could be reached no longer was', async () => {
  const objects = fakeReader({ [API_SERVICES]: [] });
  const registry = new Registry();
  observeApiServices(objects, registry);
  objects.set(API_SERVICES, [service()]);
  expect(await registry.metrics()).toContain('aggregator_unavailable_apiservice{name="v1.example.com"} 1\n');
  for (const each of [
    service('False', 'ServiceNotFound'),
    service('True'),
    service('False', 'MissingEndpoints'),
    service('False', 'Other'),
  ])
    objects.set(API_SERVICES, [each]);
  const text = await registry.metrics();
  expect(text).toContain('aggregator_unavailable_apiservice_total{name="v1.example.com",reason="MissingEndpoints"} 1\n');
  expect(text.match(/^aggregator_unavailable_apiservice_total{/gm)).toHaveLength(1);
  objects.set(API_SERVICES, [service('True')]);
  expect(await registry.metrics()).toContain('aggregator_unavailable_apiservice{name="v1.example.com"} 0\n');
});
