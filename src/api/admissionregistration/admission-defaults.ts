import { fill } from '../meta/fill.ts';
import type { MatchResources, RuleWithOperations, ValidatingWebhook } from '../schema/generated/types.ts';

const defaultRules = (rules: readonly RuleWithOperations[] | undefined): void => {
  for (const rule of rules ?? []) fill(rule, { scope: '*' });
};

/** What both kinds of webhooks default. */
export function defaultWebhook(webhook: ValidatingWebhook): void {
  fill(webhook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10 });
  if (webhook.clientConfig?.service) fill(webhook.clientConfig.service, { port: 443 });
  defaultRules(webhook.rules);
}

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (!match) return;
  fill(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} });
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

export function defaultPolicy(spec: { failurePolicy?: string; matchConstraints?: MatchResources } | undefined): void {
  if (!spec) return;
  fill(spec, { failurePolicy: 'Fail' });
  defaultMatchResources(spec.matchConstraints);
}
