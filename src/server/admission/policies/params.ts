import { resourceId } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import type { Registry } from '../../../api/registry.ts';
import type { ParamKind, ParamRef } from '../../../api/schema/generated/types.ts';
import type { ObjectReader } from '../../ports.ts';
import { asDefinition } from '../matching/equivalents.ts';

/** What is wrong with a policy or a binding, found when it is used: its failure policy decides. */
export class ConfigurationError extends Error {}

export interface ParamSources {
  readonly objects: ObjectReader;
  /** Asked each time: CustomResourceDefinitions come and go. */
  readonly kinds: () => Pick<Registry, 'findKind' | 'byId'>;
}

/** The resource of a policy's parameters. Throws ConfigurationError when nothing serves it. */
export function paramDefinition(kind: ParamKind, { kinds, objects }: ParamSources) {
  const [version = '', group = ''] = (kind.apiVersion ?? '').split('/').reverse();
  const definition = kinds().findKind(group, version, kind.kind ?? '');
  if (!definition || !objects.has(resourceId(definition))) {
    throw new ConfigurationError(
      `failed to find resource referenced by paramKind: '${group ? `${group}/` : ''}${version}, Kind=${kind.kind}'`,
    );
  }
  return definition;
}

/** Why a policy cannot have parameters at all, whatever its bindings say; undefined: it can, or wants none. */
export function unknownParamKind(kind: ParamKind | undefined, sources: ParamSources): string | undefined {
  try {
    if (kind) paramDefinition(kind, sources);
    return undefined;
  } catch (e) {
    if (e instanceof ConfigurationError) return `failed to configure policy: ${e.message}`;
    throw e;
  }
}

/**
 * What a policy is evaluated with for one binding: once for each parameter, once with null when there are none to have, not at all when they are
 * missing and that is allowed. Throws ConfigurationError. (apiserver, policy/generic: CollectParams.)
 */
export function collectParams(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  namespace: string,
  sources: ParamSources,
): readonly (KubeObject | null)[] {
  if (!kind || !ref) return [null];
  const definition = paramDefinition(kind, sources);
  if (definition.scope === 'Cluster' && ref.namespace) {
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const inNamespace = definition.scope === 'Cluster' ? '' : ref.namespace || namespace;
  if (definition.scope === 'Namespaced' && !inNamespace) {
    throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  }
  const id = resourceId(definition);
  const found = select(ref, id, inNamespace, sources.objects);
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  const shown = sources.kinds().byId(id) ?? definition;
  return found.map((object) => asDefinition(object, shown, definition));
}

function select(ref: ParamRef, id: string, namespace: string, objects: ObjectReader): readonly KubeObject[] {
  if (ref.name) {
    const found = objects.get<KubeObject>(id, namespace, ref.name);
    return found ? [found] : [];
  }
  if (!ref.selector) throw new ConfigurationError('one of name or selector must be provided');
  const matches = labelSelectorMatcher(ref.selector);
  return objects.list<KubeObject>(id, namespace).filter(({ metadata }) => matches(metadata?.labels ?? {}));
}

/** Objects of lists may come without their kind; expressions may read it. */
export const namedParams = (params: KubeObject | null, kind: ParamKind | undefined): object | null =>
  params && { ...params, apiVersion: kind?.apiVersion, kind: kind?.kind };
