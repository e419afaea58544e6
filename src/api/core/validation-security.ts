import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../meta/field-error.ts';
import { checkEnum, checkRange } from '../meta/validation.ts';
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl } from '../schema/generated/types.ts';
import { checkDescendingPath } from './validation-paths.ts';
import { checkWindowsOptions } from './validation-windows.ts';

const MAX_ID = 2_147_483_647;
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const MAX_PROFILE_BYTES = 4095;
const SYSCTL_MAX = 253;
const SYSCTL_REGEX = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const SYSCTL = new RegExp(SYSCTL_REGEX);

/** Of users and groups. */
export const checkId = (path: string, id: number | undefined): FieldError[] => checkRange(path, id, 0, MAX_ID);

export function checkSeccomp(path: string, profile: SeccompProfile | undefined): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else errors.push(...checkEnum(`${path}.type`, type, PROFILE_TYPES));
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined) return [...errors, required(at, 'must be set when seccomp type is Localhost')];
    return [...errors, ...checkDescendingPath(at, localhostProfile)];
  }
  if (localhostProfile === undefined) return errors;
  const shown = { Type: type ?? '', LocalhostProfile: localhostProfile };
  return [...errors, invalid(at, shown, 'can only be set when seccomp type is Localhost')];
}

export function checkAppArmor(path: string, profile: AppArmorProfile | undefined): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  if (!type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')];
  if (!PROFILE_TYPES.includes(type)) return [notSupported(`${path}.type`, type, PROFILE_TYPES)];
  if (type !== 'Localhost') {
    return localhostProfile === undefined ? [] : [invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')];
  }
  if (!localhostProfile) return [required(at, 'must be set when AppArmor type is Localhost')];
  const padded = localhostProfile.trim() !== localhostProfile;
  return [
    ...(padded ? [invalid(at, localhostProfile, 'must not be padded with whitespace')] : []),
    ...(localhostProfile.length > MAX_PROFILE_BYTES ? [tooLong(at, MAX_PROFILE_BYTES)] : []),
  ];
}

/** As upstream shows a value of its internal type: every field, by its Go name. */
function shownContext(c: SecurityContext): object {
  const { add = null, drop = null } = c.capabilities ?? {};
  return {
    Capabilities: c.capabilities ? { Add: add, Drop: drop } : null,
    Privileged: c.privileged ?? null,
    SELinuxOptions: c.seLinuxOptions ?? null,
    WindowsOptions: c.windowsOptions ?? null,
    RunAsUser: c.runAsUser ?? null,
    RunAsGroup: c.runAsGroup ?? null,
    RunAsNonRoot: c.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: c.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: c.allowPrivilegeEscalation ?? null,
    ProcMount: c.procMount ?? null,
    SeccompProfile: c.seccompProfile ?? null,
    AppArmorProfile: c.appArmorProfile ?? null,
  };
}

function checkEscalation(path: string, context: SecurityContext): FieldError[] {
  if (context.allowPrivilegeEscalation !== false) return [];
  const { privileged, capabilities } = context;
  const contradiction = (what: string) =>
    invalid(path, shownContext(context), `cannot set \`allowPrivilegeEscalation\` to false and ${what}`);
  return [
    ...(privileged ? [contradiction('`privileged` to true')] : []),
    ...(capabilities?.add ?? []).filter((name) => name === 'CAP_SYS_ADMIN').map((name) => contradiction(`\`capabilities.Add\` ${name}`)),
  ];
}

export function checkSecurityContext(path: string, context: SecurityContext | undefined, hostUsers: boolean): FieldError[] {
  if (!context) return [];
  const { procMount } = context;
  return [
    ...checkId(`${path}.runAsUser`, context.runAsUser),
    ...checkId(`${path}.runAsGroup`, context.runAsGroup),
    ...checkEnum(`${path}.procMount`, procMount, ['Default', 'Unmasked']),
    ...(procMount === 'Unmasked' && hostUsers
      ? [invalid(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`')]
      : []),
    ...checkSeccomp(`${path}.seccompProfile`, context.seccompProfile),
    ...checkEscalation(path, context),
    ...checkWindowsOptions(`${path}.windowsOptions`, context.windowsOptions),
    ...checkAppArmor(`${path}.appArmorProfile`, context.appArmorProfile),
  ];
}

const NET_SYSCTL = /^net[./]/;
const IPC_SYSCTL = /^(kernel[./](sem|shm|msg)|fs[./]mqueue[./])/;

function checkSysctls(path: string, sysctls: readonly Sysctl[], { hostNetwork, hostIPC }: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name = '' }] of sysctls.entries()) {
    const at = `${path}[${index}].name`;
    if (!name) errors.push(required(at));
    else if (name.length > SYSCTL_MAX || !SYSCTL.test(name)) {
      errors.push(invalid(at, name, `must have at most ${SYSCTL_MAX} characters and match regex ${SYSCTL_REGEX}`));
    } else if (names.has(name)) errors.push(duplicate(at, name));
    if (hostNetwork && NET_SYSCTL.test(name)) errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (hostIPC && IPC_SYSCTL.test(name)) errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    names.add(name);
  }
  return errors;
}

/** `MountOption` comes with SELinuxMount, which is off by default. */
const SELINUX_CHANGE_POLICIES = ['Recursive'];

/** What a pod says for all its containers. Fields of the spec itself are upstream's security context as well, and shown there. */
export function checkPodSecurityContext(path: string, context: PodSecurityContext | undefined, spec: PodSpec): FieldError[] {
  const c = context ?? {};
  const shared = spec.shareProcessNamespace && spec.hostPID;
  return [
    ...checkId(`${path}.fsGroup`, c.fsGroup),
    ...checkId(`${path}.runAsUser`, c.runAsUser),
    ...checkId(`${path}.runAsGroup`, c.runAsGroup),
    ...(c.supplementalGroups ?? []).flatMap((id, i) => checkId(`${path}.supplementalGroups[${i}]`, id)),
    ...(shared ? [invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')] : []),
    ...checkSysctls(`${path}.sysctls`, c.sysctls ?? [], spec),
    ...checkEnum(`${path}.fsGroupChangePolicy`, c.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...checkSeccomp(`${path}.seccompProfile`, c.seccompProfile),
    ...checkWindowsOptions(`${path}.windowsOptions`, c.windowsOptions),
    ...checkAppArmor(`${path}.appArmorProfile`, c.appArmorProfile),
    ...checkEnum(`${path}.supplementalGroupsPolicy`, c.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...checkEnum(`${path}.seLinuxChangePolicy`, c.seLinuxChangePolicy, SELINUX_CHANGE_POLICIES),
  ];
}

/** A user namespace of its own leaves no room for the host's other namespaces, and devices cannot be mapped into it (KEP-127). */
export function checkHostUsers(path: string, spec: PodSpec): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const detail = 'when `hostUsers` is false';
  return [
    ...(spec.hostNetwork ? [forbidden(`${path}.hostNetwork`, detail)] : []),
    ...(spec.hostPID ? [forbidden(`${path}.HostPID`, detail)] : []),
    ...(spec.hostIPC ? [forbidden(`${path}.HostIPC`, detail)] : []),
    ...(['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap(({ volumeDevices }, i) =>
        volumeDevices?.length ? [forbidden(`${path}.${list}[${i}].volumeDevices`, detail)] : [],
      ),
    ),
  ];
}
