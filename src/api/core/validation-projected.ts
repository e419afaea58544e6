import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkSignerName } from '../meta/signer-name.ts';
import { checkAnnotations, checkEnum, checkLabelSelector } from '../meta/validation.ts';
import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../schema/generated/types.ts';
import { checkFieldRef, checkResourceFieldRef, VOLUME_FIELDS } from './validation-env.ts';
import { checkItems, checkMode, checkUnreservedPath } from './validation-paths.ts';

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const KEY_TYPES = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];
const MIN_CERTIFICATE_SECONDS = 3600;
const MAX_CERTIFICATE_SECONDS = 91 * 24 * 3600;
const MAX_KUBERNETES_CERTIFICATE_SECONDS = 24 * 3600;

function checkDownwardFile(path: string, file: DownwardAPIVolumeFile): FieldError[] {
  const errors = file.path ? checkUnreservedPath(`${path}.path`, file.path) : [required(`${path}.path`)];
  if (file.fieldRef) {
    errors.push(...checkFieldRef(`${path}.fieldRef`, file.fieldRef, VOLUME_FIELDS));
    if (file.resourceFieldRef) {
      errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    }
  } else if (file.resourceFieldRef) errors.push(...checkResourceFieldRef(`${path}.resourceFieldRef`, file.resourceFieldRef, true));
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...checkMode(`${path}.mode`, file.mode)];
}

/** Upstream names the volume, not the file. */
export const checkDownwardFiles = (path: string, files: readonly DownwardAPIVolumeFile[] | undefined): FieldError[] =>
  (files ?? []).flatMap((file) => checkDownwardFile(path, file));

/** The path is reported at the volume, as upstream does. */
function checkToken(volume: string, at: string, { expirationSeconds, path }: ServiceAccountTokenProjection): FieldError[] {
  const seconds = expirationSeconds ?? MIN_TOKEN_SECONDS;
  return [
    ...(seconds < MIN_TOKEN_SECONDS
      ? [invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes')]
      : []),
    ...(seconds > MAX_TOKEN_SECONDS
      ? [invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds')]
      : []),
    ...(path ? checkUnreservedPath(`${volume}.path`, path) : [required(`${volume}.path`)]),
  ];
}

/** `example.com:signer:name` belongs to the signer `example.com/signer`; names of nobody's bundles have no colon (KEP-3257). */
function bundleNameFindings(name: string): string[] {
  const owned = name.split(':');
  if (owned.length === 3) return dns1123SubdomainFindings(owned[2] ?? '');
  return name.includes(':') ? ['ClusterTrustBundle without signer name must not have ":" in its name'] : dns1123SubdomainFindings(name);
}

function checkTrustBundle(at: string, bundle: ClusterTrustBundleProjection): FieldError[] {
  const { name, signerName, labelSelector, path } = bundle;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined) errors.push(invalid(at, bundle, 'only one of name and signerName may be used'));
  else if (name !== undefined) {
    if (name === '') errors.push(required(`${at}.name`, 'must be a valid object name'));
    errors.push(...bundleNameFindings(name).map((f) => invalid(`${at}.name`, name, `not a valid clustertrustbundlename: ${f}`)));
    if (labelSelector) {
      errors.push(invalid(`${at}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified'));
    }
  } else if (signerName !== undefined) {
    if (signerName === '') errors.push(required(`${at}.signerName`, 'must be a valid signer name'));
    errors.push(...checkSignerName(`${at}.signerName`, signerName), ...checkLabelSelector(`${at}.labelSelector`, labelSelector));
  } else errors.push(required(at, 'either name or signerName must be specified'));
  return [...errors, ...(path ? checkUnreservedPath(`${at}.path`, path) : [required(`${at}.path`)])];
}

/** For the signer; their keys have a domain. */
function checkUserAnnotations(path: string, annotations: Readonly<Record<string, string>> = {}): FieldError[] {
  const named = checkAnnotations(path, annotations);
  if (named.length > 0) return named;
  const bare = Object.keys(annotations).filter((key) => !key.includes('/'));
  return bare.map((key) => invalid(path, key.toLowerCase(), 'must be a domain-prefixed key (such as "acme.io/foo")'));
}

function checkCertificate(at: string, certificate: PodCertificateProjection): FieldError[] {
  const { signerName = '', keyType = '', maxExpirationSeconds, userAnnotations } = certificate;
  const paths = (['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const).filter((field) => certificate[field]);
  const errors = checkSignerName(`${at}.signerName`, signerName);
  errors.push(...checkUserAnnotations(`${at}.userAnnotations`, userAnnotations), ...checkEnum(`${at}.keyType`, keyType, KEY_TYPES));
  const most = signerName.startsWith('kubernetes.io/') ? MAX_KUBERNETES_CERTIFICATE_SECONDS : MAX_CERTIFICATE_SECONDS;
  const seconds = maxExpirationSeconds ?? MIN_CERTIFICATE_SECONDS;
  if (seconds < MIN_CERTIFICATE_SECONDS) {
    errors.push(invalid(`${at}.maxExpirationSeconds`, seconds, `if provided, maxExpirationSeconds must be >= ${MIN_CERTIFICATE_SECONDS}`));
  } else if (seconds > most) {
    errors.push(invalid(`${at}.maxExpirationSeconds`, seconds, `if provided, maxExpirationSeconds must be <= ${most}`));
  }
  if (paths.length === 0) errors.push(required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'));
  return [...errors, ...paths.flatMap((field) => checkUnreservedPath(`${at}.${field}`, certificate[field] ?? ''))];
}

/** Each path in the volume once. `shown` is what upstream shows of the source. */
function checkPathsOnce(volume: string, taken: Set<string>, paths: readonly (string | undefined)[], shown?: string): FieldError[] {
  return paths.flatMap((path) => {
    if (!path) return [];
    const twice = taken.has(path);
    taken.add(path);
    return twice ? [invalid(volume, shown ?? path, 'conflicting duplicate paths')] : [];
  });
}

function checkSource(volume: string, at: string, source: VolumeProjection, taken: Set<string>): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  const errors: FieldError[] = [];
  for (const [kind, projection] of Object.entries({ secret, configMap })) {
    if (!projection) continue;
    if (!projection.name) errors.push(required(`${at}.${kind}.name`));
    errors.push(...checkItems(`${at}.${kind}.items`, projection.items));
    errors.push(...checkPathsOnce(volume, taken, projection.items?.map((item) => item.path) ?? [], projection.name ?? ''));
  }
  if (downwardAPI) {
    errors.push(...checkDownwardFiles(`${at}.downwardAPI`, downwardAPI.items));
    errors.push(...checkPathsOnce(volume, taken, downwardAPI.items?.map((file) => file.path) ?? []));
  }
  if (serviceAccountToken) errors.push(...checkToken(volume, `${at}.serviceAccountToken`, serviceAccountToken));
  if (clusterTrustBundle) {
    errors.push(...checkTrustBundle(`${at}.clusterTrustBundle`, clusterTrustBundle));
    errors.push(...checkPathsOnce(volume, taken, [clusterTrustBundle.path]));
  }
  if (podCertificate) {
    const { credentialBundlePath, keyPath, certificateChainPath } = podCertificate;
    errors.push(...checkCertificate(`${at}.podCertificate`, podCertificate));
    errors.push(...checkPathsOnce(volume, taken, [credentialBundlePath, keyPath, certificateChainPath]));
  }
  return errors;
}

export function checkProjected(path: string, { sources, defaultMode }: ProjectedVolumeSource): FieldError[] {
  const taken = new Set<string>();
  const errors = checkMode(`${path}.defaultMode`, defaultMode);
  for (const [index, source] of (sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`;
    errors.push(...checkSource(path, at, source, taken));
    const kinds = Object.values(source).filter((projection) => projection !== undefined).length;
    if (kinds > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  }
  return errors;
}
