import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { AdmissionRequest } from '../ports.ts';
import { createPodSecurityMetrics } from './pod-security-metrics.ts';

const about = (resource: string, group = '') => ({ operation: 'CREATE', request: { resource, group } }) as AdmissionRequest;

it('counts evaluations, exemptions and errors, under the labels of upstream', async () => {
  const metrics = createPodSecurityMetrics('v1.36.2');
  const registry = new Registry();
  metrics.register(registry);
  const enforce = (level: 'privileged' | 'baseline', version: number) =>
    metrics.evaluated(about('pods'), { mode: 'enforce', at: { level, version }, allowed: true });
  enforce('privileged', 30);
  enforce('baseline', 36);
  enforce('baseline', 37);
  metrics.exempted(about('deployments', 'apps'));
  metrics.failed(about('namespaces'), false);
  for (const resource of ['deployments', 'daemonsets']) {
    metrics.evaluated(about(resource, 'apps'), { mode: 'warn', at: { level: 'restricted', version: 'latest' }, allowed: false });
  }
  const page = await registry.metrics();
  expect(page).toContain('mode="warn",request_operation="create",resource="controller",subresource=""} 2');
  const evaluation = (level: string, version: string) =>
    `pod_security_evaluations_total{decision="allow",policy_level="${level}",policy_version="${version}",mode="enforce",request_operation="create",resource="pod",subresource=""} 1`;
  expect(page).toContain(evaluation('privileged', 'latest'));
  expect(page).toContain(evaluation('baseline', 'v1.36'));
  expect(page).toContain(evaluation('baseline', 'future'));
  expect(page).toContain('pod_security_exemptions_total{request_operation="create",resource="controller",subresource=""} 1');
  expect(page).toContain('pod_security_errors_total{fatal="false",request_operation="create",resource="namespace",subresource=""} 1');
});
