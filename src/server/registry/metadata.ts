import type { ResourceDefinition } from '../../api/define.ts';
import { canonicalIpFindings } from '../../api/meta/addresses.ts';
import { type FieldError, forbidden, invalid, required } from '../../api/meta/field-error.ts';
import {
  dns1123LabelFindings,
  dns1123SubdomainFindings,
  labelValueFindings,
  longNameFindings,
  pathSegmentFindings,
  qualifiedNameFindings,
} from '../../api/meta/names.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../api/meta/object.ts';
import { checkAnnotations, checkNonNegative } from '../../api/meta/validation.ts';
import { entryFindings } from '../../api/patch/apply/index.ts';
import { partsOf } from './body.ts';

const NAME_FINDINGS = {
  subdomain: dns1123SubdomainFindings,
  label: dns1123LabelFindings,
  longName: longNameFindings,
  path: pathSegmentFindings,
  address: canonicalIpFindings,
} as const;
const OLD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** ObjectMeta's own rules, on create and on update. A name that an object already has is not looked at again: it may be older than its rule. */
export function validateMetadata(object: KubeObject, definition: ResourceDefinition, old?: KubeObject): FieldError[] {
  const meta = object.metadata ?? {};
  return [
    ...(old !== undefined && old.metadata?.name === meta.name ? [] : validateName(meta, definition)),
    ...validateNamespace(meta, definition),
    ...checkNonNegative('metadata.generation', meta.generation),
    ...validateLabels(meta.labels, 'metadata.labels'),
    ...checkAnnotations('metadata.annotations', meta.annotations),
    ...validateOwners(meta.ownerReferences ?? []),
    ...validateFinalizers(meta.finalizers ?? [], takesAnyFinalizer(definition)),
    ...entryFindings(meta.managedFields),
  ];
}

function validateName({ name, generateName }: ObjectMeta, { nameRule }: ResourceDefinition): FieldError[] {
  const findings = NAME_FINDINGS[nameRule];
  const prefix = generateName && generateName.length > 1 && generateName.endsWith('-') ? `${generateName.slice(0, -2)}a` : generateName;
  const errors = prefix ? findings(prefix).map((fault) => invalid('metadata.generateName', generateName, fault)) : [];
  if (!name) return [...errors, required('metadata.name', 'name or generateName is required')];
  return [...errors, ...findings(name).map((fault) => invalid('metadata.name', name, fault))];
}

function validateNamespace({ namespace }: ObjectMeta, { scope }: ResourceDefinition): FieldError[] {
  if (scope === 'Cluster') return namespace ? [forbidden('metadata.namespace', 'not allowed on this type')] : [];
  if (!namespace) return [required('metadata.namespace')];
  return dns1123LabelFindings(namespace).map((fault) => invalid('metadata.namespace', namespace, fault));
}

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const fault of qualifiedNameFindings(key)) errors.push(invalid(path, key, fault));
    if (typeof value !== 'string') continue;
    for (const fault of labelValueFindings(value)) errors.push(invalid(path, value, fault));
  }
  return errors;
}

function validateOwner(owner: OwnerReference): FieldError[] {
  const path = 'metadata.ownerReferences';
  const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
  const [, version] = partsOf(apiVersion);
  return [
    ...(version && !version.includes('/') ? [] : [invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty')]),
    ...(kind ? [] : [invalid(`${path}.kind`, '', 'must not be empty')]),
    ...(name ? [] : [invalid(`${path}.name`, '', 'must not be empty')]),
    ...(uid ? [] : [invalid(`${path}.uid`, '', 'must not be empty')]),
    ...(/^\/?v1$/.test(apiVersion) && kind === 'Event' ? [invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner')] : []),
  ];
}

function validateOwners(owners: readonly OwnerReference[]): FieldError[] {
  const errors = owners.flatMap(validateOwner);
  const [first, ...others] = owners.filter((owner) => owner.controller).map(({ kind, name }) => `${kind}/${name}`);
  for (const other of others) {
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${other}`;
    errors.push(invalid('metadata.ownerReferences', owners, detail));
  }
  return errors;
}

/** Of custom resources and their definitions upstream asks no more than a qualified name; other kinds know their finalizers. */
const takesAnyFinalizer = ({ structural, group }: ResourceDefinition) => structural !== undefined || group === 'apiextensions.k8s.io';

/** What writers of a custom resource are warned of: names that somebody else may choose as well. */
export function finalizerWarnings(meta: ObjectMeta, old: ObjectMeta | undefined): string[] {
  const added = (meta.finalizers ?? []).filter((name) => !old?.finalizers?.includes(name));
  return added
    .filter((name) => !name.includes('/') && !OLD_FINALIZERS.has(name))
    .map((name) => {
      const how = name.includes('.') ? 'name including a path (/)' : 'name';
      return `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer ${how} to avoid accidental conflicts with other finalizer writers`;
    });
}

function validateFinalizers(finalizers: readonly string[], anyName: boolean): FieldError[] {
  const errors = finalizers.flatMap((name) => qualifiedNameFindings(name).map((fault) => invalid('metadata.finalizers', name, fault)));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  for (const [i, name] of finalizers.entries()) {
    if (anyName || name.includes('/') || OLD_FINALIZERS.has(name)) continue;
    errors.push(invalid(`metadata.finalizers[${i}]`, name, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return errors;
}

const IMMUTABLE = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** What an update may not do to metadata. Call it after `carryMetadata`. */
export function validateMetadataUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter((name) => !old.finalizers?.includes(name));
    if (added.length > 0) {
      const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
      errors.push(
        forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`),
      );
    }
  }
  for (const field of IMMUTABLE) {
    if (meta[field] !== old[field]) errors.push(invalid(`metadata.${field}`, meta[field], 'field is immutable'));
  }
  return errors;
}

/** What the server owns is not there yet when mutating admission sees a new object. */
export function dropStamp(meta: ObjectMeta): void {
  delete meta.uid;
  delete meta.creationTimestamp;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  dropUnkept(meta);
}

/** Sets what the server owns at creation. */
export function stampNew(meta: ObjectMeta, { uid, now, generation }: { uid: string; now: string; generation: boolean }): void {
  dropStamp(meta);
  meta.uid = uid;
  meta.creationTimestamp = now;
  if (generation) meta.generation = 1;
}

/** Keeps what a client may leave out, and what it cannot change, from the state before. */
export function carryMetadata(meta: ObjectMeta, old: ObjectMeta): void {
  meta.uid ||= old.uid;
  meta.name ||= old.name;
  if (old.namespace) meta.namespace ||= old.namespace;
  meta.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) meta.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) meta.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  if (old.generation === undefined) delete meta.generation;
  else meta.generation = old.generation;
  dropUnkept(meta);
}

/** selfLink is gone since 1.24. */
function dropUnkept(meta: ObjectMeta): void {
  delete meta.selfLink;
}
