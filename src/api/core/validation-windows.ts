import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { found } from '../meta/validation.ts';
import type { Container, PodSecurityContext, PodSpec, SecurityContext, WindowsSecurityContextOptions } from '../schema/generated/types.ts';

/** What pods say about the operating system of their node. */

const SPEC_LIMIT_KIB = 64;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const BAD_USER_CHARACTERS = /["/\\:;|=,+*?<>@[\]]/;

const hasControlCharacter = (text: string) => [...text].some((c) => c < ' ' || c === '\x7f');

function userNameFindings(name: string): string[] {
  if (name.length === 0) return ['runAsUserName cannot be an empty string'];
  if (hasControlCharacter(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  return [
    ...((domain ?? '').length >= MAX_DOMAIN ? [`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`] : []),
    ...(domain === undefined || NET_BIOS.test(domain) || DNS_DOMAIN.test(domain)
      ? []
      : ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
    ...(user.length === 0 ? ["runAsUserName's User cannot be empty"] : []),
    ...(user.length > MAX_USER ? [`runAsUserName's User length must not be longer than ${MAX_USER} characters`] : []),
    ...(/^[. ]+$/.test(user) ? ["runAsUserName's User cannot contain only periods or spaces"] : []),
    ...(BAD_USER_CHARACTERS.test(user) ? [`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`] : []),
  ];
}

export function checkWindowsOptions(path: string, options: WindowsSecurityContextOptions | undefined): FieldError[] {
  if (!options) return [];
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  const errors: FieldError[] = [];
  if (gmsaCredentialSpecName !== undefined) {
    errors.push(...found(`${path}.gmsaCredentialSpecName`, gmsaCredentialSpecName, dns1123SubdomainFindings(gmsaCredentialSpecName)));
  }
  if (gmsaCredentialSpec === '') {
    errors.push(invalid(`${path}.gmsaCredentialSpec`, '', 'gmsaCredentialSpec cannot be an empty string'));
  } else if ((gmsaCredentialSpec ?? '').length > SPEC_LIMIT_KIB * 1024) {
    errors.push(invalid(`${path}.gmsaCredentialSpec`, gmsaCredentialSpec, `gmsaCredentialSpec size must be under ${SPEC_LIMIT_KIB} KiB`));
  }
  if (runAsUserName === undefined) return errors;
  return [...errors, ...found(`${path}.runAsUserName`, runAsUserName, userNameFindings(runAsUserName))];
}

export interface PlacedContainer {
  readonly path: string;
  readonly container: Container;
}

/** Init, app and ephemeral containers with their paths, in upstream's order of visiting. */
export function placedContainers(path: string, spec: PodSpec): PlacedContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ path: `${path}.${list}[${index}]`, container })),
  );
}

/** All containers of a pod are host processes, or none. */
export function checkHostProcess(path: string, spec: PodSpec): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const errors: FieldError[] = [];
  const placed = placedContainers(path, spec);
  let count = 0;
  for (const { path: at, container } of placed) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, detail));
    }
    if (own ?? ofPod) count++;
  }
  if (count === 0) return errors;
  if (count !== placed.length) {
    errors.push(invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  }
  if (spec.hostNetwork) return errors;
  return [...errors, invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers')];
}

const POD_FIELDS_OF_LINUX: readonly (keyof PodSecurityContext | keyof PodSpec)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
];
const IN_SPEC: ReadonlySet<string> = new Set(['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace']);
const CONTAINER_FIELDS_OF_LINUX: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

const isSet = (value: unknown, name: string) =>
  name === 'hostPID' || name === 'hostIPC' ? value === true : value !== undefined && !(Array.isArray(value) && value.length === 0);

function checkForWindows(path: string, spec: PodSpec): FieldError[] {
  const detail = 'cannot be set for a windows pod';
  const ofPod = POD_FIELDS_OF_LINUX.filter((name) =>
    isSet((IN_SPEC.has(name) ? spec : (spec.securityContext ?? {}))[name as keyof object], name),
  );
  return [
    ...ofPod.map((name) => forbidden(IN_SPEC.has(name) ? `${path}.${name}` : `${path}.securityContext.${name}`, detail)),
    ...placedContainers(path, spec).flatMap(({ path: at, container }) =>
      CONTAINER_FIELDS_OF_LINUX.filter((name) => container.securityContext?.[name] !== undefined).map((name) =>
        forbidden(`${at}.securityContext.${name}`, detail),
      ),
    ),
  ];
}

function checkForLinux(path: string, spec: PodSpec): FieldError[] {
  const detail = 'windows options cannot be set for a linux pod';
  const placed = [{ path, container: spec as { securityContext?: SecurityContext } }, ...placedContainers(path, spec)];
  return placed
    .filter(({ container }) => container.securityContext?.windowsOptions)
    .map(({ path: at }) => forbidden(`${at}.securityContext.windowsOptions`, detail));
}

export function checkOs(path: string, spec: PodSpec): FieldError[] {
  if (!spec.os) return [];
  const { name } = spec.os;
  if (!name) return [required(`${path}.os.name`)];
  if (name === 'linux') return checkForLinux(path, spec);
  if (name === 'windows') return checkForWindows(path, spec);
  return [notSupported(`${path}.os`, name, ['linux', 'windows'])];
}
