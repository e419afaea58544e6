import type { KubeObject } from '../../../api/meta/object.ts';
import { hardNames, type QuotaEvaluator, type Scope, scopesOf } from '../../../api/quota/quota.ts';
import type { ResourceQuota } from '../../../api/schema/generated/types.ts';
import type { AdmissionRequest } from '../../ports.ts';
import { unknownError } from '../../registry/errors.ts';
import type { LimitedResource } from '../configuration/resource-quota.ts';
import { refusal } from '../request.ts';

interface Use {
  readonly object: KubeObject;
  readonly evaluator: QuotaEvaluator;
  /** Names of what the object uses, all of it. */
  readonly used: readonly string[];
  /** Of its namespace. */
  readonly quotas: readonly ResourceQuota[];
  /** Of these, the ones that count the object. */
  readonly counting: readonly ResourceQuota[];
}

/** Throws when something is used that the operator wants to be counted, and no quota does. Source: apiserver, plugin/resourcequota: checkRequest. */
export function requireCovered(
  admission: AdmissionRequest,
  limited: readonly LimitedResource[],
  { object, evaluator, used, quotas, counting }: Use,
): void {
  const { group, resource } = admission.request;
  const concerned = limited.filter((one) => one.group === group && one.plural === resource);
  const covered = new Set(counting.flatMap(hardNames).filter((name) => evaluator.counts(name)));
  const missing = used.filter((name) => !covered.has(name) && concerned.some(({ names }) => names.some((part) => name.includes(part))));
  if (missing.length > 0) throw refusal(admission, `insufficient quota to consume: ${[...new Set(missing)].sort().join(',')}`);
  const matching = (scopes: readonly Scope[]) => scopes.filter((scope) => evaluator.matchesScope(scope, object));
  const known = new Set(matching(quotas.flatMap(scopesOf)).map(({ scopeName }) => scopeName));
  const open = matching(limited.flatMap(({ scopes }) => scopes)).filter(({ scopeName }) => !known.has(scopeName));
  if (open.length === 0) return;
  const shown = open.map(({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`);
  throw unknownError(`insufficient quota to match these scopes: [${shown.join(' ')}]`);
}
