import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { dns1035LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, checkImmutable } from '../meta/validation.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../schema/generated/types.ts';
import { withCommonFields } from './crd-common-fields.ts';
import { isCrdConditionTrue } from './crd-conditions.ts';
import { checkConversionBundle, validateConversion } from './crd-conversion-validation.ts';
import { internalVersion } from './crd-internal-form.ts';
import { hasDefaults } from './crd-schemas.ts';
import { validateCommon, validateVersion } from './crd-version-validation.ts';

const MISNAMED = 'must be spec.names.plural+"."+spec.group';

/** Everything about a new definition, in upstream's words and order (apiextensions-apiserver, validation.go). */
export function validateCrd(crd: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const { metadata, status } = crd;
  const spec = withEmptyFields(crd.spec);
  const { name = '', generateName } = metadata ?? {};
  const misnamed = name !== '' && name !== `${spec.names.plural}.${spec.group}`;
  return [
    ...(generateName && !old ? [invalid('metadata.generateName', generateName, MISNAMED)] : []),
    ...(misnamed && !old ? [invalid('metadata.name', name, MISNAMED)] : []),
    ...validateSpec(spec),
    ...validateNames(status?.acceptedNames, 'status.acceptedNames'),
    ...validateStoredVersions(status?.storedVersions, spec),
    ...validateApproval({ ...crd, spec }, old),
    ...(spec.preserveUnknownFields
      ? [
          invalid(
            'spec.preserveUnknownFields',
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
  ];
}

export function validateCrdUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const established = isCrdConditionTrue(old, 'Established');
  const spec = withEmptyFields(crd.spec);
  return [
    ...validateCrd(crd, old),
    ...checkConversionBundle({ ...crd, spec }, old),
    ...(established
      ? [
          ...checkImmutable('spec.scope', spec.scope, old.spec.scope),
          ...checkImmutable('spec.names.kind', spec.names.kind, old.spec.names.kind),
        ]
      : []),
    ...checkImmutable('spec.group', spec.group, old.spec.group),
    ...checkImmutable('spec.names.plural', spec.names.plural, old.spec.names.plural),
  ];
}

/** What a client left out is empty: upstream's types always have it, and its messages speak of it. */
function withEmptyFields(spec: Partial<CustomResourceDefinitionSpec> | undefined): CustomResourceDefinitionSpec {
  const { names, versions } = spec ?? {};
  return {
    group: '',
    scope: '',
    ...spec,
    names: { plural: '', kind: '', ...names },
    versions: (versions ?? []).map((version) => ({ ...EMPTY_VERSION, ...version })),
  };
}

const EMPTY_VERSION: CustomResourceDefinitionVersion = { name: '', served: false, storage: false };

export const validateAcceptedNames = ({ status }: CustomResourceDefinition): FieldError[] =>
  validateNames(status?.acceptedNames, 'status.acceptedNames');

const SCOPES = ['Cluster', 'Namespaced'];

function validateSpec(spec: CustomResourceDefinitionSpec): FieldError[] {
  const { group, scope, names, versions, conversion, preserveUnknownFields } = spec;
  const { common, versions: own } = withCommonFields(versions);
  const hasStatus = versions.map(({ subresources }) => subresources?.status !== undefined);
  return [
    ...validateGroup(group),
    ...(scope ? checkEnum('spec.scope', scope, SCOPES) : [required('spec.scope')]),
    ...versions.flatMap((version, i) => (version.schema?.openAPIV3Schema ? [] : [required(`spec.versions[${i}].schema.openAPIV3Schema`)])),
    ...(preserveUnknownFields && versions.some(({ schema }) => hasDefaults(schema?.openAPIV3Schema))
      ? [invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema')]
      : []),
    ...own.flatMap((version, i) => [
      ...nameFindings(`spec.versions[${i}].name`, version.name),
      ...validateVersion(version, `spec.versions[${i}]`, hasStatus[i] === true),
    ]),
    ...validateVersionSet(versions, own),
    ...firstNameFindings(versions[0]),
    ...(['plural', 'singular', 'kind', 'listKind'] as const).flatMap((each) => (names[each] ? [] : [required(`spec.names.${each}`)])),
    ...validateNames(names, 'spec.names'),
    ...validateCommon(common, 'spec', hasStatus.includes(true)),
    ...(conversion && conversion.strategy !== 'None' && preserveUnknownFields
      ? [invalid('spec.conversion.strategy', conversion.strategy, 'must be None if spec.preserveUnknownFields is true')]
      : []),
    ...validateConversion(conversion, 'spec.conversion'),
  ];
}

function validateGroup(group: string): FieldError[] {
  if (!group) return [required('spec.group')];
  const faults = dns1123SubdomainFindings(group);
  if (faults.length > 0) return [invalid('spec.group', group, faults.join(','))];
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')];
}

function validateVersionSet(
  versions: readonly CustomResourceDefinitionVersion[],
  own: readonly CustomResourceDefinitionVersion[],
): FieldError[] {
  const names = new Set(versions.map(({ name }) => name));
  const stored = versions.filter(({ storage }) => storage).length;
  const shown = own.map(internalVersion);
  return [
    ...(names.size < versions.length ? [invalid('spec.versions', shown, 'must contain unique version names')] : []),
    ...(stored === 1 ? [] : [invalid('spec.versions', shown, 'must have exactly one version marked as storage version')]),
  ];
}

/** Upstream keeps the first version's name beside the versions as well, and checks it there again unless it is empty. */
const firstNameFindings = (first: CustomResourceDefinitionVersion | undefined): FieldError[] =>
  first?.name ? nameFindings('spec.version', first.name) : [];

function nameFindings(path: string, name: string): FieldError[] {
  const faults = dns1035LabelFindings(name);
  return faults.length > 0 ? [invalid(path, name, faults.join(','))] : [];
}

function kindFindings(path: string, kind: string): FieldError[] {
  const faults = dns1035LabelFindings(kind.toLowerCase());
  return faults.length > 0 ? [invalid(path, kind, `may have mixed case, but should otherwise match: ${faults.join(',')}`)] : [];
}

/** Empty names pass: in status they are not decided yet. */
function validateNames(names: CustomResourceDefinitionNames | undefined, path: string): FieldError[] {
  if (!names) return [];
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  return [
    ...(plural ? nameFindings(`${path}.plural`, plural) : []),
    ...(singular ? nameFindings(`${path}.singular`, singular) : []),
    ...(kind ? kindFindings(`${path}.kind`, kind) : []),
    ...(listKind ? kindFindings(`${path}.listKind`, listKind) : []),
    ...shortNames.flatMap((name, i) => nameFindings(`${path}.shortNames[${i}]`, name)),
    ...(kind && kind === listKind ? [invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')] : []),
    ...categories.flatMap((name, i) => nameFindings(`${path}.categories[${i}]`, name)),
  ];
}

function validateStoredVersions(stored: readonly string[] | undefined, { versions }: CustomResourceDefinitionSpec): FieldError[] {
  const path = 'status.storedVersions';
  if (!stored || stored.length === 0) return [invalid(path, stored, 'must have at least one stored version')];
  const missing = versions.filter(({ storage, name }) => storage && !stored.includes(name));
  const known = new Set(versions.map(({ name }) => name));
  return [
    ...missing.map(({ name }) => invalid(path, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) =>
      known.has(name)
        ? []
        : [
            invalid(
              `${path}[${i}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

const APPROVAL = 'api-approved.kubernetes.io';
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

export type ApprovalState = 'approved' | 'bypassed' | 'missing' | 'invalid';

/** Groups below k8s.io and kubernetes.io are the community's: their definitions say who approved them (KEP-1111). */
export const isProtectedGroup = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

export function approvalOf(crd: CustomResourceDefinition): { state: ApprovalState; message: string } {
  const text = crd.metadata?.annotations?.[APPROVAL] ?? '';
  if (text === '') return { state: 'missing', message: `protected groups must have approval annotation "${APPROVAL}", ${SEE}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', message: `not approved: ${JSON.stringify(text)}` };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#\s]+(?:[/?#].*)?$/.test(text)) return { state: 'approved', message: `approved in ${text}` };
  const message = `protected groups must have approval annotation "${APPROVAL}" with either a URL or a reason starting with "unapproved", ${SEE}`;
  return { state: 'invalid', message };
}

/** A state that does not change is never held against an update. */
function validateApproval(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!isProtectedGroup(crd.spec.group)) return [];
  const { state, message } = approvalOf(crd);
  if (state === 'approved' || state === 'bypassed' || (old && approvalOf(old).state === state)) return [];
  const path = `metadata.annotations[${APPROVAL}]`;
  return state === 'missing' ? [required(path, message)] : [invalid(path, crd.metadata?.annotations?.[APPROVAL], message)];
}
