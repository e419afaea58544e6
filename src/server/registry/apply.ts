import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import {
  type Apply,
  applyAsClient,
  configurationFindings,
  entriesOf,
  findingsText,
  type Manager,
  storedManagers,
  UnnamedElement,
} from '../../api/patch/apply/index.ts';
import { DecodeError, goValue } from '../../api/schema/index.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from './answer.ts';
import { type Draft, draftOf, matchName, matchNamespace } from './body.ts';
import { changeObject } from './change.ts';
import type { Convert } from './conversions.ts';
import { copyJson } from './copy.ts';
import { create } from './create.ts';
import type { RegistryDeps } from './deps.ts';
import { badRequest, conflict, unknownError } from './errors.ts';
import {
  applyTypeOf,
  inAllVersions,
  managerName,
  nothingSaid,
  reconciled,
  setEntries,
  timeOf,
  versionedAs,
  versionsOf,
  type Writing,
} from './field-ownership.ts';
import { keyOf, type Resource } from './resources.ts';
import { NO_VERSION, readVersion } from './versions.ts';

/** Tries when others create and delete the object in between. */
const TRIES = 5;

/** PATCH with an applied configuration (KEP-555): changes the object, or creates it. Throws what create and update do, and Conflict. */
export async function apply(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  subresource: '' | 'status',
): Promise<Answer> {
  const { definition } = resource;
  const writing: Writing = { deps, definition, request, context, subresource };
  const configuration = readConfiguration(request.body, definition);
  const key = keyOf(resource, request.namespace, request.name ?? '');
  const make = (old: KubeObject) => appliedDraft(writing, configuration, old);
  for (let tries = 1; ; tries += 1) {
    const exists = resource.collection.get(key) !== undefined;
    try {
      if (exists || subresource !== '') {
        return await changeObject(deps, { resource, request, context, name: request.name ?? '', subresource, make, ownership: 'made' });
      }
      return await createApplied(resource, writing, configuration);
    } catch (error) {
      const overtaken = exists ? isNotFound(error) : isAlreadyExists(error);
      if (!overtaken || subresource !== '' || tries === TRIES) throw error;
    }
  }
}

/** What a configuration must be of. */
type Kind = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'schema' | 'applyType'>;

/** Checks what can be checked without the object. */
export function readConfiguration(body: unknown, definition: Kind): KubeObject {
  const given = body ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    const why = `json: cannot unmarshal ${goValue(given)} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  const configuration = given as KubeObject;
  const { apiVersion = '', kind = '', metadata } = configuration;
  if (apiVersion !== apiVersionOf(definition) || kind !== definition.kind) {
    throw badRequest(`invalid object type: ${qualifiedKind(apiVersion, kind)}`);
  }
  if (Array.isArray(metadata?.managedFields)) throw badRequest('metadata.managedFields must be nil');
  const findings = configurationFindings(configuration, applyTypeOf(definition));
  if (findings.length > 0) {
    const called = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${qualifiedKind(apiVersion, kind)}`;
    throw unknownError(`failed to create typed patch object (${called}): ${findingsText(findings)}`);
  }
  return configuration;
}

/** Both are what a client wrote: anything. */
const qualifiedKind = (apiVersion: unknown, kind: unknown): string =>
  `${String(apiVersion).includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;

interface Applied {
  readonly object: KubeObject;
  readonly managers: readonly Manager[];
}

/** The live object with the configuration laid over it, and its owners. */
export async function appliedObject(writing: Writing, configuration: KubeObject, old: KubeObject): Promise<Applied> {
  return inAllVersions(writing, (convert) => applied(writing, configuration, old, convert));
}

function applied(writing: Writing, configuration: KubeObject, old: KubeObject, convert: Convert | undefined): Applied {
  const { deps, definition, request, context, subresource } = writing;
  const apply: Apply = {
    live: versionedAs(definition, old),
    unsaid: versionedAs(definition, nothingSaid(deps, definition)),
    configuration,
    managers: reconciled({ deps, definition }, storedManagers(old.metadata?.managedFields)),
    applier: { name: managerName(request, context), subresource },
    versions: versionsOf(deps.resources, definition, subresource, convert),
    force: request.options?.force ?? false,
    now: timeOf(writing),
  };
  try {
    return applyAsClient(apply);
  } catch (error) {
    if (!(error instanceof UnnamedElement)) throw error;
    const { name, namespace } = old.metadata ?? {};
    const message = `failed to create typed live object (${namespace ?? ''}/${name ?? ''}): ${error.message}`;
    throw unknownError(message);
  }
}

async function appliedDraft(writing: Writing, configuration: KubeObject, old: KubeObject): Promise<Draft> {
  const { definition, request } = writing;
  const { object, managers } = await appliedObject(writing, configuration, old);
  const draft = typedDraft(writing, configuration, object);
  matchName(draft, request.name ?? '');
  matchNamespace(draft, definition, request.namespace);
  const asked = configuration.metadata?.resourceVersion;
  if (asked === undefined) delete draft.metadata.resourceVersion;
  else draft.metadata.resourceVersion = asked || NO_VERSION;
  setEntries(draft, entriesOf(managers));
  return draft;
}

/** Merged as it is and typed afterwards, where what does not fit its field is no fault of the request's form (upstream: managedfields/internal/structuredmerge.go, Apply). */
function typedDraft({ deps, definition, request, context }: Writing, { metadata }: KubeObject, object: KubeObject): Draft {
  try {
    return draftOf(definition, { ...request, body: copyJson(object) }, context, deps.schemas);
  } catch (error) {
    if (!(error instanceof ApiError && error.cause instanceof DecodeError)) throw error;
    const { message, converting = message } = error.cause;
    const kind = qualifiedKind(apiVersionOf(definition), definition.kind);
    const which = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${kind}`;
    const why = `unable to convert unstructured object to ${kind}: ${converting}`;
    throw unknownError(`failed to convert new object (${which}) to proper version: ${why}`);
  }
}

async function createApplied(resource: Resource, writing: Writing, configuration: KubeObject): Promise<Answer> {
  const { deps, definition, request, context } = writing;
  const { name = '', namespace } = request;
  const { uid, resourceVersion } = configuration.metadata ?? {};
  if (uid) {
    throw conflict(definition, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  }
  readVersion(resourceVersion);
  const { object, managers } = await appliedObject(writing, configuration, { metadata: {} });
  const draft = typedDraft(writing, configuration, object);
  matchName(draft, name);
  matchNamespace(draft, definition, namespace);
  delete draft.metadata.resourceVersion;
  setEntries(draft, entriesOf(managers));
  await deps.authorizeCreate(request, context);
  return create(deps, resource, { ...request, verb: 'create', body: draft }, context, 'made');
}
