import type { Container, PodSpec } from '../../../api/schema/generated/types.ts';
import {
  type Check,
  type Control,
  containersOf,
  containersThat,
  hasUserNamespace,
  namedContainers,
  type PodLike,
  plural,
  quoted,
  setters,
  sorted,
} from './check-plan.ts';

type Context = PodSpec['securityContext'] | Container['securityContext'];

const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const allowsAppArmor = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost';
const badAppArmor = (context: Context): string[] =>
  context?.appArmorProfile && !allowsAppArmor(context.appArmorProfile.type) ? [context.appArmorProfile.type ?? ''] : [];

const appArmorProfile: Control = (pod) => {
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(
      ([key, value]) =>
        key.startsWith(APPARMOR_ANNOTATION) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const containers = containersThat(pod, ({ securityContext }) => badAppArmor(securityContext).length > 0);
  const fields = setters(badAppArmor(pod.spec.securityContext).length > 0, containers);
  const who = [fields, annotations.length > 0 ? plural('annotation', 'annotations', annotations.length) : ''].filter(Boolean).join(' and ');
  if (!who) return undefined;
  const types = sorted([...badAppArmor(pod.spec.securityContext), ...containersOf(pod).flatMap((c) => badAppArmor(c.securityContext))]);
  const values = [...types, ...annotations];
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length),
    detail: `${who} must not set AppArmor profile type to ${quoted(values)}`,
  };
};

const DEFAULT_CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' '),
);
const addedCapabilities = ({ securityContext }: Container) =>
  (securityContext?.capabilities?.add ?? []).filter((capability) => !DEFAULT_CAPABILITIES.has(capability));

const capabilities: Control = (pod) => {
  const names = containersThat(pod, (container) => addedCapabilities(container).length > 0);
  if (names.length === 0) return undefined;
  const added = quoted(sorted(containersOf(pod).flatMap(addedCapabilities)));
  return {
    reason: 'non-default capabilities',
    detail: `${namedContainers(names)} must not include ${added} in securityContext.capabilities.add`,
  };
};

const procMountOf = ({ securityContext }: Container) =>
  securityContext?.procMount !== undefined && securityContext.procMount !== 'Default' ? [securityContext.procMount] : [];

export const procMount: Control = (pod) => {
  const names = containersThat(pod, (container) => procMountOf(container).length > 0);
  if (names.length === 0) return undefined;
  const types = quoted(sorted(containersOf(pod).flatMap(procMountOf)));
  return { reason: 'procMount', detail: `${namedContainers(names)} must not set securityContext.procMount to ${types}` };
};

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const seLinuxOptions =
  (allowed: readonly string[]): Control =>
  (pod) => {
    const optionsOf = (context: Context) => context?.seLinuxOptions;
    const isBad = (context: Context) => {
      const options = optionsOf(context);
      return options !== undefined && (!allowed.includes(options.type ?? '') || Boolean(options.user) || Boolean(options.role));
    };
    const who = setters(
      isBad(pod.spec.securityContext),
      containersThat(pod, ({ securityContext }) => isBad(securityContext)),
    );
    if (!who) return undefined;
    const all = [pod.spec.securityContext, ...containersOf(pod).map(({ securityContext }) => securityContext)].map(optionsOf);
    const types = sorted(all.flatMap((options) => (options && !allowed.includes(options.type ?? '') ? [options.type ?? ''] : [])));
    const faults = [
      ...(types.length > 0 ? [`${plural('type', 'types', types.length)} ${quoted(types)}`] : []),
      ...(all.some((options) => options?.user) ? ['user may not be set'] : []),
      ...(all.some((options) => options?.role) ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${who} set forbidden securityContext.seLinuxOptions: ${faults.join('; ')}` };
  };

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const allowsSeccompAnnotation = (value: string) =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');

/** Before the field there were annotations (until v1.18). */
const seccompAnnotations: Control = (pod) => {
  const keys = [SECCOMP_POD, ...containersOf(pod).map(({ name }) => `${SECCOMP_CONTAINER}${name}`)];
  const bad = keys.flatMap((key) => {
    const value = pod.metadata.annotations?.[key];
    return value === undefined || allowsSeccompAnnotation(value) ? [] : [`${key}=${JSON.stringify(value)}`];
  });
  if (bad.length === 0) return undefined;
  const list = sorted(bad);
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', 'annotations', list.length)} ${list.join(', ')}` };
};

export const badSeccomp = (context: Context): string[] => {
  const type = context?.seccompProfile?.type;
  return context?.seccompProfile === undefined || type === 'RuntimeDefault' || type === 'Localhost' ? [] : [type ?? ''];
};

export const seccompFields: Control = (pod: PodLike) => {
  const who = setters(
    badSeccomp(pod.spec.securityContext).length > 0,
    containersThat(pod, ({ securityContext }) => badSeccomp(securityContext).length > 0),
  );
  if (!who) return undefined;
  const types = sorted([...badSeccomp(pod.spec.securityContext), ...containersOf(pod).flatMap((c) => badSeccomp(c.securityContext))]);
  return { reason: 'seccompProfile', detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}` };
};

const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports'];
const KEEPALIVE = ['tcp_keepalive_time', 'tcp_fin_timeout', 'tcp_keepalive_intvl', 'tcp_keepalive_probes'];
const SYSCTLS_29 = [...SYSCTLS_27, ...KEEPALIVE.map((name) => `net.ipv4.${name}`)];
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

const sysctls =
  (allowed: readonly string[]): Control =>
  ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name));
    return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
  };

/** Baseline: what the kernel lets a container do (Kubernetes: "Pod Security Standards"). */
export const BASELINE_KERNEL_CHECKS: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', versions: [{ since: 0, control: appArmorProfile }] },
  { id: 'capabilities_baseline', level: 'baseline', versions: [{ since: 0, control: capabilities }] },
  {
    id: 'procMount',
    level: 'baseline',
    versions: [
      { since: 0, control: procMount },
      { since: 35, control: (pod) => (hasUserNamespace(pod) ? undefined : procMount(pod)) },
    ],
  },
  {
    id: 'seLinuxOptions',
    level: 'baseline',
    versions: [
      { since: 0, control: seLinuxOptions(SELINUX_TYPES) },
      { since: 31, control: seLinuxOptions([...SELINUX_TYPES, 'container_engine_t']) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    versions: [
      { since: 0, control: seccompAnnotations },
      { since: 19, control: seccompFields },
    ],
  },
  {
    id: 'sysctls',
    level: 'baseline',
    versions: [
      { since: 0, control: sysctls(SYSCTLS) },
      { since: 27, control: sysctls(SYSCTLS_27) },
      { since: 29, control: sysctls(SYSCTLS_29) },
      { since: 32, control: sysctls(SYSCTLS_32) },
    ],
  },
];
