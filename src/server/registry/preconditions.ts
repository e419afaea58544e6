import type { ResourceDefinition } from '../../api/define.ts';
import type { ObjectMeta } from '../../api/meta/object.ts';
import type { DeleteOptions } from '../../api/transport.ts';
import { conflict } from './errors.ts';

interface Found {
  readonly metadata: ObjectMeta | undefined;
  readonly resourceVersion: string;
}

/** Throws Conflict where the object is not the one that was meant. Upstream speaks of its kind here, not of its resource. */
export function checkPreconditions(
  { group, kind }: Pick<ResourceDefinition, 'group' | 'kind'>,
  { metadata, resourceVersion }: Found,
  preconditions: DeleteOptions['preconditions'],
): void {
  const { name = '', uid = '' } = metadata ?? {};
  const refuse = (what: string, asked: string, found: string, cause: string) => {
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). The object might have been ${cause}`;
    return conflict({ group, plural: kind }, name, why);
  };
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw refuse('UID', preconditions.uid, uid, 'deleted and then recreated');
  }
  const expected = preconditions?.resourceVersion;
  if (expected !== undefined && expected !== resourceVersion) throw refuse('ResourceVersion', expected, resourceVersion, 'modified');
}
