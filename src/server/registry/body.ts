import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import { invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import type { ApiError } from '../../api/meta/status.ts';
import { cannotBeHandled, DecodeError, GO_TYPE_META, goValue } from '../../api/schema/index.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { isRecord } from '../../base/is-record.ts';
import type { RequestContext } from '../ports.ts';
import type { SchemaWalks } from './deps.ts';
import { badRequest, unreadable, unrecognized } from './errors.ts';
import { isReadAs, schemeOf, workingType } from './go-types.ts';

/** An object that is being written: metadata is there. */
export type Draft = KubeObject & { metadata: ObjectMeta };

/**
 * The body of a create or update as a draft of the kind. The body is used, not copied. Absent apiVersion and kind are filled in;
 * unknown fields are dropped, and reported as `fieldValidation` asks.
 */
export function draftOf(definition: ResourceDefinition, request: ApiRequest, context: RequestContext, schemas: SchemaWalks): Draft {
  // Go reads null as an object of which nothing is said.
  const body = request.body === null ? {} : request.body;
  if (!isRecord(body)) throw notAnObject(body, definition.kind);
  checkType(definition, body);
  const draft = body as unknown as Draft;
  draft.apiVersion = apiVersionOf(definition);
  draft.kind = definition.kind;
  // What is no metadata is refused with the rest of the object.
  draft.metadata = (body.metadata ?? {}) as ObjectMeta;
  const reset = draft.metadata.managedFields?.length === 0;
  const { decode } = definition.hooks;
  reportUnknown(
    decode ? decode(draft, { isApplied: request.patchType === 'apply' }) : schemas.prune(draft, definition.schema),
    definition,
    request,
    context,
  );
  // Elsewhere an empty list is as good as none; here it asks for a new beginning.
  if (reset) draft.metadata.managedFields = [];
  return draft;
}

function notAnObject(body: unknown, kind: string): ApiError {
  if (body === undefined) return unreadable(kind, 'unexpected end of JSON input', '');
  return unreadable(kind, namesNoKind(body), JSON.stringify(body));
}

/** Why Go cannot read the kind in what is no object. */
export function namesNoKind(body: unknown): string {
  const is = Array.isArray(body) ? 'array' : typeof body === 'boolean' ? 'bool' : typeof body;
  return `json: cannot unmarshal ${is} into Go value of type ${GO_TYPE_META}`;
}

/** Another kind cannot be read as this one; another version of it can, but is not taken. */
function checkType(definition: ResourceDefinition, body: Record<string, unknown>): void {
  const expected = apiVersionOf(definition);
  const sent = { apiVersion: textIn(body, 'apiVersion', definition), kind: textIn(body, 'kind', definition) };
  const whole = () => JSON.stringify(body);
  // Custom resources are of no type but the one that they say themselves.
  if (definition.structural && !sent.kind) throw unrecognized(definition.kind, `Object 'Kind' is missing in '${whole()}'`, whole());
  // Go reads the version of the core group with the slash that other groups have (schema.ParseGroupVersion).
  const stated = sent.apiVersion === `/${expected}` && definition.group === '' ? expected : sent.apiVersion;
  const apiVersion = stated || (definition.structural ? '' : expected);
  const kind = sent.kind || definition.kind;
  if (apiVersion === expected && kind === definition.kind) return;
  if (apiVersion.split('/').length > 2) throw unrecognized(definition.kind, `unexpected GroupVersion string: ${apiVersion}`, whole());
  const [group, version] = partsOf(apiVersion);
  if (!definition.structural) {
    const type = workingType(definition);
    const same = isReadAs(type, { group, version, kind });
    if (same === undefined) {
      const why = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${JSON.stringify(schemeOf(definition.group))}`;
      throw cannotBeHandled({ apiVersion, kind }, definition.kind, new DecodeError(why));
    }
    if (!same) {
      throw cannotBeHandled(
        { apiVersion, kind },
        definition.kind,
        new DecodeError(`converting (${version}.${kind}) to (${type}): unknown conversion`),
      );
    }
  }
  if (apiVersion !== expected) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
  }
  const { name } = isRecord(body.metadata) ? body.metadata : {};
  throw invalidObject(kind, definition.group, String(name ?? ''), [invalid('kind', kind, `must be ${definition.kind}`)]);
}

function textIn(body: Record<string, unknown>, field: 'apiVersion' | 'kind', { kind }: ResourceDefinition): string {
  const value = body[field] ?? '';
  if (typeof value === 'string') return value;
  throw unreadable(kind, `json: cannot unmarshal ${goValue(value)} into Go struct field .${field} of type string`, JSON.stringify(body));
}

/** Of an apiVersion. */
export function partsOf(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

function reportUnknown(unknown: readonly string[], definition: ResourceDefinition, request: ApiRequest, context: RequestContext): void {
  const isTyped = !definition.structural;
  const findings = request.findings?.(unknown, isTyped) ?? (isTyped && request.verb === 'patch' ? unknown.toSorted() : unknown);
  if (findings.length === 0) return;
  const validation = request.options?.fieldValidation ?? 'Warn';
  if (validation === 'Ignore') return;
  if (validation === 'Warn') {
    for (const finding of findings) context.warn(finding);
    return;
  }
  throw cannotBeHandled(
    { apiVersion: apiVersionOf(definition) },
    definition.kind,
    new DecodeError(`strict decoding error: ${findings.join(', ')}`),
  );
}

/** The namespace in the body must be the URL's; an absent one is filled in, and objects of the whole cluster lose theirs. */
export function matchNamespace({ metadata }: Draft, definition: ResourceDefinition, namespace: string | undefined): void {
  if (definition.scope === 'Cluster') {
    delete metadata.namespace;
    return;
  }
  if (!namespace) throw badRequest('an empty namespace may not be set during creation');
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = namespace;
}

/** The name in the body must be the URL's. */
export function matchName({ metadata }: Draft, name: string): void {
  if (!metadata.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name) throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}
