import { defineResource, type ResourceDefinition, type ScaleSubresource } from '../../api/define.ts';
import { invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject, LabelSelector } from '../../api/meta/object.ts';
import { formatLabelSelector } from '../../api/meta/selectors.ts';
import { difference, entriesOf, isEmptySet, singleField, storedManagers } from '../../api/patch/apply/index.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';
import { type Answer, answerObject } from '../registry/answer.ts';
import { appliedObject, readConfiguration } from '../registry/apply.ts';
import { type Draft, draftOf, matchName, matchNamespace } from '../registry/body.ts';
import { changeObject } from '../registry/change.ts';
import { copyJson, copyObject } from '../registry/copy.ts';
import { badRequest, internalError, methodNotAllowed, noSuchResource, notSupported } from '../registry/errors.ts';
import { setEntries } from '../registry/field-ownership.ts';
import { applyPatch, draftOfPatched, noStrategicMerge } from '../registry/patch.ts';
import { readPath, writePath } from '../registry/paths.ts';
import { get, type SubresourceDeps } from '../registry/registry.ts';
import type { Resource } from '../registry/resources.ts';

interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

/** autoscaling/v1 Scale of any kind that declares it: get, update, patch. */
export async function scale(request: ApiRequest, context: RequestContext, deps: SubresourceDeps): Promise<Answer> {
  const resource = deps.resources.find(request.group, request.version, request.resource);
  const paths = resource?.definition.subresources.scale;
  if (!resource || paths?.kind !== 'scale') throw noSuchResource();
  if (request.verb === 'get') {
    const found = answerObject(await get(resource, request, context)) as KubeObject;
    if (lacksReplicas(found, paths, resource.definition)) throw internalError(`${saysWhere(paths)} does not exist`);
    return { kind: 'object', object: scaleOf(found, paths) };
  }
  if (request.verb !== 'update' && request.verb !== 'patch')
    throw resource.definition.structural ? notSupported(resource.definition, request.verb) : methodNotAllowed();
  const answer = await changeScale(resource, paths, request, context, deps);
  return { kind: 'object', object: scaleOf(answerObject(answer) as KubeObject, paths) };
}

function changeScale(
  resource: Resource,
  paths: ScaleSubresource,
  request: ApiRequest,
  context: RequestContext,
  deps: SubresourceDeps,
): Promise<Answer> {
  const { name = '' } = request;
  const { structural } = resource.definition;
  if (request.patchType === 'apply') return applyScale(resource, paths, request, context, deps);
  if (request.patchType === 'strategic' && structural) throw noStrategicMerge();
  const make = (old: KubeObject): Draft => {
    const current = scaleOf(old, paths);
    const unset = lacksReplicas(old, paths, resource.definition);
    const asked = { scaled: resource.definition, request, context, schemas: deps.schemas };
    const wanted = wantedScale(unset ? { ...current, spec: { replicas: UNSET } } : current, asked);
    if (unset && wanted.spec?.replicas === UNSET) throw badRequest(`${saysWhere(paths)} cannot be empty`);
    const replicas = checkedReplicas(wanted, name, resource.definition);
    const draft = copyObject(old) as Draft;
    draft.metadata.resourceVersion = request.verb === 'patch' && !patchesVersion(request) ? undefined : wanted.metadata?.resourceVersion;
    if (request.verb === 'update' && wanted.metadata?.uid) draft.metadata.uid = wanted.metadata.uid;
    writePath(draft, paths.specReplicas, replicas);
    if (structural) disown(draft, paths.specReplicas);
    return draft;
  };
  const takeBack = (admitted: KubeObject, draft: Draft) =>
    writePath(draft, paths.specReplicas, checkedReplicas(admitted as Scale, name, resource.definition));
  const made = structural && ({ ownership: 'made' } as const);
  return changeObject(deps, { resource, request, context, name, subresource: 'scale', make, admitAs: asScales(paths), takeBack, ...made });
}

/** Whoever owned the replicas of a custom resource does not own them any more, and nobody else does: upstream takes them for a Scale's, whose owners it forgets. */
function disown(draft: Draft, path: string): void {
  const steps = path.split('.').filter(Boolean);
  const replicas = singleField(steps.map((name) => `f:${name}`));
  const managers = storedManagers(draft.metadata.managedFields).map((manager) => ({
    ...manager,
    fields: difference(manager.fields, replicas),
  }));
  setEntries(draft, entriesOf(managers.filter(({ fields }) => !isEmptySet(fields))));
}

/** What admission is shown of a change of the object. */
const asScales = (paths: ScaleSubresource) => (draft: Draft, old: KubeObject) => ({
  object: scaleOf(draft, paths),
  old: scaleOf(old, paths),
});

/** An applied Scale is an applied configuration of the object that names nothing but the replicas. */
function applyScale(
  resource: Resource,
  paths: ScaleSubresource,
  request: ApiRequest,
  context: RequestContext,
  deps: SubresourceDeps,
): Promise<Answer> {
  const { name = '' } = request;
  const { definition } = resource;
  const scale = readConfiguration(request.body, SCALE) as Scale;
  const configuration: KubeObject = {};
  if (scale.spec?.replicas !== undefined) writePath(configuration, paths.specReplicas, checkedReplicas(scale, name, definition));
  const make = async (old: KubeObject): Promise<Draft> => {
    const { object, managers } = await appliedObject({ deps, definition, request, context, subresource: 'scale' }, configuration, old);
    const draft = copyObject(object) as Draft;
    draft.metadata.resourceVersion = scale.metadata?.resourceVersion;
    setEntries(draft, entriesOf(managers));
    return draft;
  };
  return changeObject(deps, { resource, request, context, name, subresource: 'scale', make, admitAs: asScales(paths), ownership: 'made' });
}

/** How a Scale is read. */
const SCALE = defineResource<Scale>({ group: 'autoscaling', version: 'v1', kind: 'Scale', plural: 'scales', scope: 'Namespaced' });

const patchesVersion = ({ body }: ApiRequest) =>
  (body as { metadata?: { resourceVersion?: string } } | null)?.metadata?.resourceVersion !== undefined;

/** Custom resources may have none: they are told apart from those that have zero. */
const UNSET = -(2 ** 31);
const lacksReplicas = (object: KubeObject, { specReplicas }: ScaleSubresource, { structural }: ResourceDefinition): boolean =>
  structural !== undefined && readPath(object, specReplicas) === undefined;
const saysWhere = ({ specReplicas }: ScaleSubresource): string =>
  `the spec replicas field ${JSON.stringify(`.${specReplicas.replace(/^\./, '')}`)}`;

interface Asked {
  readonly scaled: ResourceDefinition;
  readonly request: ApiRequest;
  readonly context: RequestContext;
  readonly schemas: SubresourceDeps['schemas'];
}

function wantedScale(current: Scale, { scaled, request, context, schemas }: Asked): Scale {
  const reading = { definition: SCALE, request, context, schemas };
  if (request.verb === 'patch') return draftOfPatched(() => applyPatch(current, request, SCALE.schema), reading);
  const sent = draftOf(SCALE, { ...request, body: copyJson(request.body) }, context, schemas);
  matchName(sent, request.name ?? '');
  matchNamespace(sent, scaled, request.namespace);
  return sent;
}

/** What a custom resource may not have, its own findings say. */
function checkedReplicas({ spec }: Scale, name: string, { structural }: ResourceDefinition): number {
  const replicas = spec?.replicas ?? 0;
  if (Number.isInteger(replicas) && (replicas >= 0 || structural)) return replicas;
  const finding = invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
  throw invalidObject('Scale', 'autoscaling', name, [finding]);
}

function scaleOf(object: KubeObject, paths: ScaleSubresource): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  const replicas = Number(readPath(object, paths.specReplicas) ?? 0);
  // Custom kinds need not say where their selector is.
  const selector = paths.selector ? selectorText(readPath(object, paths.selector)) : '';
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: Number(readPath(object, paths.statusReplicas) ?? 0), ...(selector && { selector }) },
  };
}

/** A LabelSelector, a map of labels (ReplicationController), or the selector's text itself. */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (typeof selector !== 'object' || selector === null) return '';
  const isSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  return formatLabelSelector(isSelector ? (selector as LabelSelector) : { matchLabels: selector as Record<string, string> });
}
