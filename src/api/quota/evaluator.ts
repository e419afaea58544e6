import { type Quantity, subQuantities } from '../../base/quantity.ts';
import type { Amounts } from '../core/pod-resources.ts';
import { isNativeResource } from '../core/resource-names.ts';
import type { KubeObject } from '../meta/object.ts';
import { CLASS_RESOURCE_PREFIX } from '../resource/device-resources.ts';
import type { ResourceQuota } from '../schema/generated/types.ts';

export type Scope = NonNullable<NonNullable<NonNullable<ResourceQuota['spec']>['scopeSelector']>['matchExpressions']>[number];

/** A write as quota sees it. */
export interface QuotaWrite<T extends KubeObject = KubeObject> {
  readonly operation: 'CREATE' | 'UPDATE';
  readonly subresource: string;
  readonly object: T;
  readonly old: T | undefined;
}

/** What else there is, where that decides what an object uses. The server's ObjectReader is one. */
export interface QuotaView {
  get<T extends KubeObject>(resource: string, namespace: string, name: string): T | undefined;
  list<T extends KubeObject>(resource: string, namespace?: string): readonly T[];
}

/**
 * What one resource uses of quotas (Kubernetes: "Resource Quotas"). Pure: admission holds requests against quotas with it, and the controller
 * counts what is there with it.
 */
export interface QuotaEvaluator<T extends KubeObject = KubeObject> {
  /** `pods`, `widgets.example.com` */
  readonly resource: string;
  /** Does a quota's entry of this name (`requests.cpu`, `count/pods`) count this resource? */
  counts(name: string): boolean;
  /** Can such a write use more than was used before? */
  handles(write: QuotaWrite<T>): boolean;
  usage(object: T, nowMs: number, view: QuotaView): Amounts;
  matchesScope(scope: Scope, object: T): boolean;
  /** Why the object may not be counted under these names: what it does not say. */
  missing?(names: readonly string[], object: T): string | undefined;
  /** When the object begins to use less without being changed, in ms since the epoch. */
  fadesAt?(object: T): number | undefined;
}

/** Names of resources before `count/<resource>` was possible for all. */
const ALIASES: Readonly<Record<string, string>> = {
  configmaps: 'configmaps',
  resourcequotas: 'resourcequotas',
  replicationcontrollers: 'replicationcontrollers',
  secrets: 'secrets',
};

/** `requests.example.com/gpu`, `requests.deviceclass.resource.kubernetes.io/gpu`: of extended resources nothing but what is asked for is counted. */
export const isExtendedQuota = (name: string): boolean =>
  name.startsWith('requests.') && (!isNativeResource(name) || name.startsWith(`requests.${CLASS_RESOURCE_PREFIX}`));

export const ONE = { nanos: 1_000_000_000n, format: 'DecimalSI' } as const;

/** `count/deployments.apps`: how many there are. */
export function objectCount(resource: string): QuotaEvaluator {
  const names = [`count/${resource}`, ...(ALIASES[resource] ? [ALIASES[resource]] : [])];
  return {
    resource,
    counts: (name) => names.includes(name),
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    usage: () => Object.fromEntries(names.map((name) => [name, ONE])),
    matchesScope: () => false,
  };
}

/** In, NotIn, Exists and DoesNotExist over the names that an object has for the scope, of which any may match. */
export function matchesNames({ operator, values = [] }: Scope, names: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return names.length > 0;
    case 'DoesNotExist':
      return names.length === 0;
    case 'In':
      return names.some((name) => values.includes(name));
    case 'NotIn':
      return names.length === 0 || names.some((name) => !values.includes(name));
    default:
      return false;
  }
}

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };

/** What is used more than before; less is nothing. */
export function increase(amounts: Amounts, before: Amounts): Amounts {
  const more: Amounts = {};
  for (const [name, amount] of Object.entries(amounts)) {
    const difference = subQuantities(amount, before[name] ?? ZERO);
    if (difference.nanos > 0n) more[name] = difference;
  }
  return more;
}
