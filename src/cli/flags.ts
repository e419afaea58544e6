import { hostname } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { BUILT_IN_PLUGINS, OTHER_PLUGINS } from '../server/admission/plugin-names.ts';
import { address, cidr, ofEachFamily } from './address-flags.ts';
import { boolean, duration } from './auth-flags.ts';
import { flag, list, oneOf, text, url } from './flag-values.ts';
import { OPTIONAL_VERSIONS, runtimeConfigEntry } from './runtime-config.ts';

function port(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65535)
    throw new InvalidArgumentError('it must be a port number from 0 to 65535.');
  return number;
}

const maskSize =
  (most: number) =>
  (value: string): number => {
    const bits = Number(value);
    if (!/^\d+$/.test(value) || bits < 1 || bits > most) throw new InvalidArgumentError(`it must be a number of bits from 1 to ${most}.`);
    return bits;
  };

function portRange(value: string): string {
  const match = /^(\d+)-(\d+)$/.exec(value);
  if (!match || port(match[1] ?? '') > port(match[2] ?? '')) throw new InvalidArgumentError('it must be a range such as 30000-32767.');
  return value;
}

function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 10_000)
    throw new InvalidArgumentError('it must be a whole number from 0 to 10000.');
  return number;
}

function seconds(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || value.trim() === '') throw new InvalidArgumentError('it must be a whole number of seconds.');
  return number;
}

function wholeSeconds(value: string): number {
  const number = seconds(value);
  if (number < 0) throw new InvalidArgumentError('it must not be negative.');
  return number;
}

function label(value: string): string {
  if (!/^[^=\s]+=[^\s]*$/.test(value)) throw new InvalidArgumentError('it must be key=value.');
  return value;
}

function taint(value: string): string {
  if (!/^[^=:\s]+(=[^:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/.test(value))
    throw new InvalidArgumentError('it must be key[=value]:NoSchedule, PreferNoSchedule or NoExecute.');
  return value;
}

/** Parts of a node or server that --disable can switch off. */
export const DISABLEABLE = ['dns', 'proxy', 'cni', 'controllers', 'scheduler'] as const;

/** Of every command that runs an API server. */
export const runtimeFlags = () => [
  flag(
    '--runtime-config <group/version=true>',
    `Kinds to serve that are off by default: ${OPTIONAL_VERSIONS.join(', ')}. May be repeated.`,
    list(runtimeConfigEntry),
    [],
  ),
];

/** Of every command that runs a scheduler. */
export const schedulerFlags = () => [
  flag(
    '--scheduler-config <file>',
    'KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1): profiles, their plugins and weights. Default: the default profile of Kubernetes.',
    text,
  ),
];

/** Of every command that runs something. */
export const processFlags = () => [
  flag(
    '--config <file>',
    'YAML file with flag names as keys; /etc/minik/config.yaml is read when it exists. MINIK_* variables and flags come before it.',
    text,
  ),
  flag(
    '--log-level <level>',
    'Least severe level that is logged: debug, info, warn or error.',
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
  ),
  flag('--log-format <format>', 'text for people, json for machines.', oneOf('text', 'json'), 'text'),
];

export const commonFlags = () => [
  flag(
    '--data-dir <dir>',
    'Directory that holds everything that minik keeps: the store, certificates, images and pods.',
    text,
    '/var/lib/minik',
  ),
  ...processFlags(),
];

export const apiFlags = () => [
  flag('--bind-address <ip>', 'Address that the API server listens on.', address, '0.0.0.0'),
  flag('--https-listen-port <port>', 'Port that the API server listens on.', port, 6443),
  flag('--tls-san <name>', 'Further host names and addresses for the serving certificate. May be repeated.', list(text), []),
  flag(
    '--write-kubeconfig <file>',
    'Where to write the kubeconfig of the cluster administrator. Default: kubeconfig.yaml in the data directory.',
    text,
  ),
];

const includes = (names: readonly string[], name: string) => names.includes(name);

/** Names as upstream has them; those that minik has not built can be switched off only. */
const admissionPlugin =
  ({ mayBeOff }: { mayBeOff: boolean }) =>
  (name: string) => {
    if (includes(BUILT_IN_PLUGINS, name)) return name;
    if (!includes(OTHER_PLUGINS, name)) throw new InvalidArgumentError('it must be the name of an admission plugin, such as PodSecurity.');
    if (!mayBeOff) throw new InvalidArgumentError('it must be an admission plugin that is built: this one is not yet.');
    return name;
  };

export const admissionFlags = () => [
  flag(
    '--enable-admission-plugins <name>',
    'Admission plugins to run besides those that are on by default: AlwaysPullImages, for example. May be repeated.',
    list(admissionPlugin({ mayBeOff: false })),
    [],
  ),
  flag(
    '--disable-admission-plugins <name>',
    'Admission plugins not to run, although they are on by default: PodSecurity, for example. May be repeated.',
    list(admissionPlugin({ mayBeOff: true })),
    [],
  ),
  flag(
    '--admission-control-config-file <file>',
    'AdmissionConfiguration (apiserver.config.k8s.io/v1): what admission plugins do, such as what PodSecurity demands of all namespaces.',
    text,
  ),
  flag(
    '--default-not-ready-toleration-seconds <seconds>',
    'How long pods that do not say it themselves stay on a node that is not ready.',
    seconds,
    300,
  ),
  flag(
    '--default-unreachable-toleration-seconds <seconds>',
    'How long pods that do not say it themselves stay on a node that cannot be reached.',
    seconds,
    300,
  ),
];

export const apiSafetyFlags = () => [
  flag(
    '--encryption-provider-config <file>',
    'EncryptionConfiguration (apiserver.config.k8s.io/v1): which resources are kept encrypted, and with which keys.',
    text,
  ),
  flag(
    '--encryption-provider-config-automatic-reload <true|false>',
    'Follow the file of --encryption-provider-config: a change takes effect. Default: false.',
    boolean,
  ),
  flag('--event-ttl <duration>', 'How long Events stay after they were last written; 0 for ever. Default: 1h.', duration),
  flag(
    '--request-timeout <duration>',
    'How long a request may take that is neither a watch nor a stream. Clients may ask for less. Default: 1m.',
    duration,
  ),
  flag(
    '--min-request-timeout <seconds>',
    'How long a watch lasts at least that does not say it itself; at most it is twice as long. 0: for ever.',
    wholeSeconds,
    1800,
  ),
  flag(
    '--shutdown-delay-duration <duration>',
    'How long to serve on, not ready, when told to stop, so that load balancers notice. Default: 0.',
    duration,
  ),
  flag(
    '--max-requests-inflight <count>',
    'With the next, how many requests may be under way at a time: priority levels share their sum.',
    count,
    400,
  ),
  flag('--max-mutating-requests-inflight <count>', 'See --max-requests-inflight.', count, 200),
];

export const clusterFlags = () => [
  flag('--advertise-address <ip>', 'Address under which other machines and pods reach this API server. Default: --node-ip.', address),
  flag('--cluster-cidr <cidr>', 'Addresses of pods: one range, or one of IPv4 and one of IPv6.', ...ofEachFamily(cidr, ['10.42.0.0/16'])),
  flag(
    '--service-cidr <cidr>',
    'Addresses of Services: as --cluster-cidr; the first one is of Services that do not say otherwise.',
    ...ofEachFamily(cidr, ['10.43.0.0/16']),
  ),
  flag(
    '--node-cidr-mask-size <bits>',
    'Size of the part of --cluster-cidr that each node gets. Default: 24 in IPv4, 64 in IPv6.',
    maskSize(128),
  ),
  flag('--node-cidr-mask-size-ipv4 <bits>', 'The same for IPv4, beside another for IPv6.', maskSize(32)),
  flag('--node-cidr-mask-size-ipv6 <bits>', 'The same for IPv6, beside another for IPv4.', maskSize(128)),
  flag('--service-node-port-range <range>', 'Ports for NodePort Services.', portRange, '30000-32767'),
  flag('--token <token>', 'Secret that agents join with. Default: made at first start, kept in server/token in the data directory.', text),
  flag(
    '--datastore-endpoint <url>',
    'Where the state is kept: an SQLite file in the data directory, or memory: for a server that forgets.',
    text,
  ),
  flag('--disable-agent', 'Run the control plane only: no node on this machine.'),
];

const disableFlag = (parts: readonly string[]) =>
  flag('--disable <part>', `Parts that are not wanted: ${parts.join(', ')}. May be repeated.`, list(oneOf(...parts)), []);

export const sharedNodeFlags = () => [
  flag('--cluster-dns <ip>', 'Address of the cluster DNS. Default: the tenth address of --service-cidr.', address),
  flag('--cluster-domain <domain>', 'Domain of the cluster.', text, 'cluster.local'),
  disableFlag(DISABLEABLE),
];

export const nodeFlags = () => [
  flag('--node-name <name>', 'Name of this node. Default: the host name.', text, hostname().toLowerCase()),
  flag(
    '--node-ip <ip>',
    "Address of this node, or one of each family. Default: those of the default route's interface.",
    ...ofEachFamily(address),
  ),
  flag('--node-label <key=value>', 'Labels that the node is registered with. May be repeated.', list(label), []),
  flag('--node-taint <key=value:effect>', 'Taints that the node is registered with. May be repeated.', list(taint), []),
  flag(
    '--container-runtime-endpoint <socket>',
    'CRI socket of a runtime that is already there. Default: minik runs a containerd of its own.',
    text,
  ),
];

export const joinFlags = () => [
  flag('--join <url>', 'The server to join: https://HOST:6443.', url),
  flag('--token <token>', "The server's token: `minik token create` prints one.", text),
];

export const devFlags = () => [
  flag('--data-dir <dir>', 'Directory for certificates and kubeconfig.yaml. Default: a new one, which is removed at the end.', text),
  flag('--bind-address <ip>', 'Address that the API server listens on.', address, '127.0.0.1'),
  flag('--nodes <count>', 'How many fake nodes to run.', count, 1),
  flag('--https-listen-port <port>', 'Port that the API server listens on; 0 takes a free one.', port, 6443),
];

/** A node that joins has no controllers and no scheduler to switch off. */
export const agentPartFlags = () => [disableFlag(DISABLEABLE.filter((part) => part !== 'controllers' && part !== 'scheduler'))];
