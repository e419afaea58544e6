import type { FieldError } from '../meta/field-error.ts';
import { ApiError } from '../meta/status.ts';
import { checkNonNegative } from '../meta/validation.ts';
import type { Deployment } from '../schema/generated/types.ts';

/** The revision to roll back to, 0 for the one before: what became of spec.rollbackTo of older API versions. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

const INT64 = { least: -(2n ** 63n), greatest: 2n ** 63n - 1n };

/** undefined: there is none. Throws BadRequest for what is no integer, in the words of upstream's conversion. */
function revisionOf({ metadata }: Deployment): bigint | undefined {
  const text = metadata?.annotations?.[ROLLBACK_TO];
  if (!text) return undefined;
  const revision = /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
  if (revision !== undefined && revision >= INT64.least && revision <= INT64.greatest) return revision;
  const why = `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${revision === undefined ? 'invalid syntax' : 'value out of range'}`;
  throw new ApiError(
    'BadRequest',
    `Deployment in version "v1" cannot be handled as a Deployment: failed to parse annotation[${ROLLBACK_TO}]=${text} as int64: ${why}`,
  );
}

/** The annotation as upstream writes it again: without leading zeros, and not at all when it is empty. */
export function normalizeRollback(deployment: Deployment): void {
  const { annotations } = deployment.metadata ?? {};
  if (!deployment.metadata || annotations?.[ROLLBACK_TO] === undefined) return;
  const revision = revisionOf(deployment);
  const { [ROLLBACK_TO]: _, ...others } = annotations;
  if (revision !== undefined) deployment.metadata.annotations = { ...annotations, [ROLLBACK_TO]: String(revision) };
  else if (Object.keys(others).length > 0) deployment.metadata.annotations = others;
  else delete deployment.metadata.annotations;
}

/** Under the name that the field has in upstream's findings. */
export const checkRollback = (deployment: Deployment): FieldError[] =>
  checkNonNegative('spec.rollback.version', Number(revisionOf(deployment) ?? 0));
