import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkRange, same } from '../meta/validation.ts';
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../schema/generated/types.ts';
import { defaultPriorityLevels } from './default-objects.ts';
import { checkFlowConditions } from './flow-schema-validation.ts';

/** Upstream's rules, paths, order and words (kubernetes, pkg/apis/flowcontrol/validation). */
export function checkPriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const name = metadata?.name ?? '';
  return [...checkSpec(name, spec ?? {}), ...checkFixed(name, spec), ...checkFlowConditions(status?.conditions)];
}

function checkFixed(name: string, spec: PriorityLevelConfigurationSpec | undefined): FieldError[] {
  if (name !== 'exempt' && name !== 'catch-all') return [];
  const fixed = defaultPriorityLevels().find((each) => each.metadata?.name === name)?.spec;
  if (name === 'catch-all') return same(spec, fixed) ? [] : [invalid('spec', spec, "spec of 'catch-all' must equal the fixed value")];
  return same({ ...spec, exempt: undefined }, { ...fixed, exempt: undefined })
    ? []
    : [invalid('spec', spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value")];
}

function checkSpec(name: string, { type = '', exempt, limited }: Partial<PriorityLevelConfigurationSpec>): FieldError[] {
  const errors =
    (name === 'exempt') === (type === 'Exempt') ? [] : [invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'")];
  switch (type) {
    case 'Exempt':
      if (limited) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'));
      return exempt
        ? [...errors, ...checkShares('spec.exempt', exempt.nominalConcurrencyShares), ...checkLendable('spec.exempt', exempt)]
        : errors;
    case 'Limited':
      if (exempt) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
      return [...errors, ...(limited ? checkLimited(limited) : [required('spec.limited', 'must not be empty when type is Limited')])];
    default:
      return [...errors, notSupported('spec.type', type, ['Exempt', 'Limited'])];
  }
}

const checkShares = (path: string, shares: number | undefined): FieldError[] =>
  (shares ?? 0) < 0 ? [invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')] : [];

const checkLendable = (path: string, { lendablePercent }: { lendablePercent?: number }): FieldError[] =>
  checkRange(`${path}.lendablePercent`, lendablePercent, 0, 100);

function checkLimited(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const path = 'spec.limited';
  const { nominalConcurrencyShares, limitResponse, borrowingLimitPercent } = limited;
  return [
    ...checkShares(path, nominalConcurrencyShares),
    ...checkResponse(`${path}.limitResponse`, limitResponse ?? {}),
    ...checkLendable(path, limited),
    ...((borrowingLimitPercent ?? 0) < 0
      ? [invalid(`${path}.borrowingLimitPercent`, borrowingLimitPercent, 'if specified, must be a non-negative integer')]
      : []),
  ];
}

function checkResponse(path: string, { type = '', queuing }: Partial<LimitResponse>): FieldError[] {
  const at = `${path}.queuing`;
  switch (type) {
    case 'Reject':
      return queuing ? [forbidden(at, 'must be nil if limited.limitResponse.type is not Limited')] : [];
    case 'Queue':
      return queuing ? checkQueuing(at, queuing) : [required(at, 'must not be empty if limited.limitResponse.type is Limited')];
    default:
      return [notSupported(`${path}.type`, type, ['Queue', 'Reject'])];
  }
}

const MAX_QUEUES = 10_000_000;
/** A hash has so many bits to deal hands from. */
const MAX_HASH_BITS = 60;

function checkQueuing(path: string, { queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration): FieldError[] {
  const errors = queueLengthLimit <= 0 ? [invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive')] : [];
  if (queues <= 0) errors.push(invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > MAX_QUEUES) errors.push(invalid(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  const wrong = (detail: string) => [...errors, invalid(`${path}.handSize`, handSize, detail)];
  if (handSize <= 0) return wrong('must be positive');
  if (handSize > queues) return wrong(`should not be greater than queues (${queues})`);
  const bits = Math.ceil(Math.log2(queues) * handSize);
  return bits > MAX_HASH_BITS
    ? wrong(`required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`)
    : errors;
}
