import { type ResourceDefinition, resourceId } from '../../api/define.ts';
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
  const fields = options?.fieldSelector ? parseFieldSelector(options.fieldSelector).filter(({ field, value }) => field || value) : [];
  const parts: ((object: KubeObject) => boolean)[] = fields.map((f) => fieldMatcher(definition, f));
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

function fieldMatcher(definition: ResourceDefinition, { field, op, value }: FieldRequirement) {
  const read = fieldReader(definition, field);
  if (!read) throw badRequest(unknownField(definition, field));
  return (object: KubeObject) => (read(object) === value) === (op === '=');
}

/** Kinds that say it in words of their own. */
const WORDS: Readonly<Record<string, (field: string) => string>> = {
  'jobs.batch': (field) => `field label ${JSON.stringify(field)} not supported for Job`,
  'resourceslices.resource.k8s.io': (field) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
};

/** Of kinds without a namespace only those that select by nothing of their own may be asked for one. */
const hasNamespace = ({ scope, fieldSelectors, structural }: ResourceDefinition): boolean =>
  scope === 'Namespaced' || (!structural && Object.keys(fieldSelectors).length === 0);

/** Kinds that select by fields of their own say less than the others. (kubectl puts "Unable to find …" before it.) */
const unknownField = (definition: ResourceDefinition, field: string): string =>
  WORDS[resourceId(definition)]?.(field) ??
  (Object.keys(definition.fieldSelectors).length > 0
    ? `field label not supported: ${field}`
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);

function fieldReader(definition: ResourceDefinition, field: string): ((object: KubeObject) => string) | undefined {
  if (field === 'metadata.name') return (object) => object.metadata?.name ?? '';
  if (field === 'metadata.namespace' && hasNamespace(definition)) return (object) => object.metadata?.namespace ?? '';
  return Object.hasOwn(definition.fieldSelectors, field) ? definition.fieldSelectors[field] : undefined;
}
