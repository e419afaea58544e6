import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { type FieldRequirement, parseFieldSelector, parseLabelSelector } from '../../api/meta/selectors.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { badRequest } from './errors.ts';

/** What a request selects of a collection. */
export interface Selection {
  /** undefined: everything. Takes objects of the definition's version. */
  readonly matches: ((object: KubeObject) => boolean) | undefined;
  /** An index of the definition that narrows the scan; `matches` still decides. */
  readonly index: { readonly name: string; readonly value: string } | undefined;
  /** metadata.name=… : at most one object per namespace. */
  readonly name: string | undefined;
}

/** Throws BadRequest when a selector cannot be read, or asks for a field that the kind does not select by. */
export function selectionOf(definition: ResourceDefinition, { options, name }: ApiRequest): Selection {
  const fields = options?.fieldSelector ? parseFieldSelector(options.fieldSelector) : [];
  const parts: ((object: KubeObject) => boolean)[] = fields.map((f) => fieldMatcher(definition, f, options));
  if (name) parts.push((object) => object.metadata?.name === name);
  if (options?.labelSelector) {
    const matches = parseLabelSelector(options.labelSelector);
    parts.push((object) => matches(object.metadata?.labels));
  }
  const indexed = definition.storedAs ? undefined : fields.find((f) => f.op === '=' && f.field in definition.indexes);
  return {
    matches: parts.length === 0 ? undefined : parts.length === 1 ? parts[0] : (object) => parts.every((part) => part(object)),
    index: indexed && { name: indexed.field, value: indexed.value },
    name: name ?? fields.find((f) => f.op === '=' && f.field === 'metadata.name')?.value,
  };
}

function fieldMatcher(definition: ResourceDefinition, { field, op, value }: FieldRequirement, options: ApiRequest['options']) {
  const read = fieldReader(definition, field);
  if (!read) {
    const { labelSelector = '', fieldSelector = '' } = options ?? {};
    const what = `"${definition.group}/${definition.version}, Resource=${definition.plural}"`.replace('"/', '"/');
    throw badRequest(
      `Unable to find ${what} that match label selector "${labelSelector}", field selector "${fieldSelector}": ` +
        (definition.group
          ? `field label not supported: ${field}`
          : `field label "${field}" not supported for ${apiVersionOf(definition)}.${definition.kind}`),
    );
  }
  return (object: KubeObject) => (read(object) === value) === (op === '=');
}

function fieldReader(definition: ResourceDefinition, field: string): ((object: KubeObject) => string) | undefined {
  if (field === 'metadata.name') return (object) => object.metadata?.name ?? '';
  if (field === 'metadata.namespace') return (object) => object.metadata?.namespace ?? '';
  return Object.hasOwn(definition.fieldSelectors, field) ? definition.fieldSelectors[field] : undefined;
}
