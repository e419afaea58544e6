import { UNSET } from '../meta/cells.ts';
import type { ParamKind, ParamRef } from '../schema/generated/types.ts';

export const paramKindCell = (kind: ParamKind | undefined): string => (kind ? `${kind.apiVersion}/${kind.kind}` : UNSET);

/** `namespace/name`; `*` stands for a selector. */
export function paramRefCell(ref: ParamRef | undefined): string {
  if (!ref) return UNSET;
  const name = ref.name || '*';
  return ref.namespace ? `${ref.namespace}/${name}` : name;
}
