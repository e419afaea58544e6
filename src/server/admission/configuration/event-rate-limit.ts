import { documentFields, fail, fieldsOf, listOf, textOf, wholeNumberOf } from '../../configuration-fields.ts';

export const LIMIT_TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;

/** How many Events are let in: of all, of each namespace, of each user, or of each pair of who tells and of what. */
export interface EventLimit {
  readonly type: (typeof LIMIT_TYPES)[number];
  readonly perSecond: number;
  readonly burst: number;
  /** Of so many namespaces, users or pairs at most is known what they have left. */
  readonly remembered: number;
}

const REMEMBERED = 4096;

/** (Kubernetes: kube-apiserver EventRateLimit Configuration, v1alpha1.) */
export function planEventRateLimit(document: unknown, at: string): readonly EventLimit[] {
  const { limits } = documentFields(document, {
    apiVersions: ['eventratelimit.admission.k8s.io/v1alpha1'],
    kind: 'Configuration',
    fields: ['limits'],
    at,
  });
  const planned = listOf(limits, `${at}.limits`).map((each, i) => limitOf(each, `${at}.limits[${i}]`));
  return planned.length > 0 ? planned : fail(`${at}.limits`, 'must not be empty');
}

function limitOf(value: unknown, at: string): EventLimit {
  const { type, ...fields } = fieldsOf(value, at, ['type', 'qps', 'burst', 'cacheSize']);
  const name = textOf(type, `${at}.type`);
  const known = LIMIT_TYPES.find((each) => each === name);
  if (!known)
    return fail(
      `${at}.type`,
      `Unsupported value: ${JSON.stringify(name)}: supported values: ${LIMIT_TYPES.map((each) => `"${each}"`).join(', ')}`,
    );
  const positive = (field: 'qps' | 'burst') => {
    const number = wholeNumberOf(fields[field], `${at}.${field}`) ?? 0;
    return number > 0 ? number : fail(`${at}.${field}`, `Invalid value: ${number}: must be positive`);
  };
  const remembered = wholeNumberOf(fields.cacheSize, `${at}.cacheSize`) ?? 0;
  if (known !== 'Server' && remembered < 0) fail(`${at}.cacheSize`, `Invalid value: ${remembered}: must not be negative`);
  return { type: known, perSecond: positive('qps'), burst: positive('burst'), remembered: remembered > 0 ? remembered : REMEMBERED };
}
