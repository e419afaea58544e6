import type { Scope } from '../../../api/quota/quota.ts';
import { documentFields, fail, fieldsOf, listOf, textOf } from '../../configuration-fields.ts';

/** What may only be used where a quota counts it. */
export interface LimitedResource {
  readonly group: string;
  readonly plural: string;
  /** Parts of names such as `requests.storage`. */
  readonly names: readonly string[];
  readonly scopes: readonly Scope[];
}

const KINDS: Readonly<Record<string, string>> = {
  'apiserver.config.k8s.io/v1': 'ResourceQuotaConfiguration',
  'resourcequota.admission.k8s.io/v1beta1': 'Configuration',
  'resourcequota.admission.k8s.io/v1alpha1': 'Configuration',
};

/** (Kubernetes: "Resource Quotas", "Limit Priority Class consumption by default".) */
export function planResourceQuota(document: unknown, at: string): readonly LimitedResource[] {
  const kind = KINDS[String((document as { apiVersion?: unknown } | null)?.apiVersion)] ?? 'ResourceQuotaConfiguration';
  const { limitedResources } = documentFields(document, { apiVersions: Object.keys(KINDS), kind, fields: ['limitedResources'], at });
  return listOf(limitedResources, `${at}.limitedResources`).map((each, i) => limitedOf(each, `${at}.limitedResources[${i}]`));
}

function limitedOf(value: unknown, at: string): LimitedResource {
  const fields = fieldsOf(value, at, ['apiGroup', 'resource', 'matchContains', 'matchScopes']);
  const texts = (list: unknown, path: string) => listOf(list, path).map((each, i) => textOf(each, `${path}[${i}]`));
  const scopeOf = (each: unknown, path: string): Scope => {
    const { scopeName, operator, values } = fieldsOf(each, path, ['scopeName', 'operator', 'values']);
    return {
      scopeName: textOf(scopeName, `${path}.scopeName`),
      operator: textOf(operator, `${path}.operator`),
      values: texts(values, `${path}.values`),
    };
  };
  return {
    group: textOf(fields.apiGroup, `${at}.apiGroup`),
    plural: textOf(fields.resource, `${at}.resource`) || fail(`${at}.resource`, 'Required value'),
    names: texts(fields.matchContains, `${at}.matchContains`),
    scopes: listOf(fields.matchScopes, `${at}.matchScopes`).map((each, i) => scopeOf(each, `${at}.matchScopes[${i}]`)),
  };
}
