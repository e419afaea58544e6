import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import { invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { goValue } from '../../api/schema/index.ts';
import { partsOf } from '../registry/body.ts';
import { internalError, unknownError } from '../registry/errors.ts';
import { isReadAs, schemeOf, workingType } from '../registry/go-types.ts';
import { type Equivalents, kindAt } from './matching/equivalents.ts';

/**
 * What a patch may have made of an object's version and kind: nothing else than what they were, but that another version of the type is read as well. A field that is gone, or empty,
 * says nothing. Throws as upstream answers (apiserver, webhook/mutating/dispatcher.go: what is decoded, then converted).
 */
export function checkBuiltInKind(object: KubeObject, definition: ResourceDefinition, subresource: string): void {
  const { apiVersion, kind } = namedIn(object);
  const wanted = kindAt(definition, subresource);
  const sent = { apiVersion: apiVersion || apiVersionOf(wanted), kind: kind || wanted.kind };
  if (sent.apiVersion === apiVersionOf(wanted) && sent.kind === wanted.kind) return;
  const [group, version] = partsOf(sent.apiVersion);
  const type = workingType(wanted);
  const same = isReadAs(type, { group, version, kind: sent.kind });
  if (same) return;
  const { kind: met, apiVersion: at } = sent;
  if (same === undefined)
    throw internalError(
      `no kind ${JSON.stringify(met)} is registered for version ${JSON.stringify(at)} in scheme ${JSON.stringify(schemeOf(definition.group))}`,
    );
  throw unknownError(`converting (${version}.${met}) to (${type}): unknown conversion`);
}

/** The same of custom resources: any kind is read, and it is the version that says from which it is converted. */
export function customVersion(object: KubeObject, own: ResourceDefinition, equivalents: Pick<Equivalents, 'find'>): ResourceDefinition {
  const { apiVersion, kind } = namedIn(object);
  if (!kind) throw internalError(`Object 'Kind' is missing in '${JSON.stringify(object)}'`);
  const [group, version] = partsOf(apiVersion);
  if (group !== own.group) {
    const target = JSON.stringify(apiVersionOf(own));
    throw unknownError(`${group}/${version}, Kind=${kind} is unstructured and is not suitable for converting to ${target}`);
  }
  const from = equivalents.find(group, version, own.plural);
  if (!from) throw unknownError(`request to convert CR from an invalid group/version: ${apiVersion}`);
  if (kind !== own.kind) throw invalidObject(kind, own.group, object.metadata?.name ?? '', [invalid('kind', kind, `must be ${own.kind}`)]);
  return from;
}

/** What Go reads first. */
function namedIn(object: KubeObject): { apiVersion: string; kind: string } {
  const { apiVersion = '', kind = '' } = object;
  for (const [field, value] of Object.entries({ apiVersion, kind }) as [string, unknown][]) {
    if (typeof value === 'string' || value === null) continue;
    const why = `json: cannot unmarshal ${goValue(value)} into Go struct field .${field} of type string`;
    throw internalError(`couldn't get version/kind; json parse error: ${why}`);
  }
  if (apiVersion?.split('/').length > 2) throw internalError(`unexpected GroupVersion string: ${apiVersion}`);
  return { apiVersion: apiVersion ?? '', kind: kind ?? '' };
}
