import { milliValue } from '../../base/quantity.ts';
import { equalJson } from '../meta/equal-json.ts';
import { dns1123LabelFindings } from '../meta/names.ts';
import type { KubeObject } from '../meta/object.ts';
import { same } from '../meta/validation.ts';
import type {
  AppArmorProfile,
  Container,
  ContainerPort,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../schema/generated/types.ts';
import { claimSpecWarnings } from './claim-warnings.ts';
import { nodeKeyWarning, nodeLabelWarning, nodeTermWarnings } from './node-label-warnings.ts';
import { APP_ARMOR_RULE, profileOf } from './pod-app-armor.ts';
import { volumeWarnings } from './pod-volume-warnings.ts';
import { APP_ARMOR } from './validation-pod-annotations.ts';

/** What clients should know about pods that are taken all the same (kubernetes, pkg/api/pod/warnings.go). */

const ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const SECCOMP_RULE = 'non-functional in v1.27+; use the "seccompProfile" field instead';

/** [field, how upstream spells it, since when and until when]. */
const VOLUMES: readonly (readonly [keyof Volume, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

type Text = readonly string[];
const HARD = 'requiredDuringSchedulingIgnoredDuringExecution';
const SOFT = 'preferredDuringSchedulingIgnoredDuringExecution';

function ofLabels(at: string, { nodeSelector = {}, affinity, topologySpreadConstraints = [] }: PodSpec): string[] {
  const { [HARD]: hard, [SOFT]: soft = [] } = affinity?.nodeAffinity ?? {};
  const node = `${at}.affinity.nodeAffinity`;
  // Values that no label can have are refused where a node must have them.
  const inTerms = [
    ...(hard?.nodeSelectorTerms ?? []).flatMap((term, i) => nodeTermWarnings(`${node}.${HARD}.nodeSelectorTerms[${i}]`, term)),
    ...soft.flatMap(({ preference }, i) => nodeTermWarnings(`${node}.${SOFT}[${i}].preference`, preference, { values: true })),
  ];
  const spread = topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, i) => {
    const path = `${at}.topologySpreadConstraints[${i}]`;
    const key = nodeKeyWarning(`${path}.topologyKey`, topologyKey);
    return labelSelector ? key : [...key, `${path}.labelSelector: a null labelSelector results in matching no pod`];
  });
  const selected = Object.keys(nodeSelector).flatMap((key) => nodeLabelWarning(`${at}.nodeSelector[${key}]`, key));
  return [...selected, ...inTerms, ...spread];
}

const repeated = (path: string, field: string, values: Text): string[] =>
  values.flatMap((value, i) => (values.indexOf(value) < i ? [`${path}[${i}].${field}: duplicate ${field} ${JSON.stringify(value)}`] : []));

function fractions(path: string, list: Readonly<Record<string, string>> | undefined): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const value = list?.[name];
    if (value === undefined || milliValue(value) % 1000 === 0) return [];
    return [`${path}[${name}]: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`];
  });
}

/** A later definition may build on an earlier one; otherwise it hides it. */
function ofEnv(path: string, env: NonNullable<Container['env']>): string[] {
  const names = env.map(({ name }) => name);
  return env.flatMap(({ name, value = '', valueFrom }, i) => {
    const self = `$(${name})`;
    if (names.indexOf(name) === i || (!valueFrom && value !== self && value.includes(self))) return [];
    return [`${path}[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`];
  });
}

interface Place {
  readonly at: string;
  readonly hostIP: string;
  readonly hostPort: number;
}
/** How the later of two definitions of the same port stands to the earlier one. */
function clash(a: Place, b: Place): string | undefined {
  if (a.hostIP === b.hostIP && a.hostPort === b.hostPort) return 'duplicate';
  if (a.hostPort === 0 || b.hostPort === 0) return 'overlapping';
  return a.hostPort === b.hostPort && (a.hostIP === '') !== (b.hostIP === '') ? 'dangerously ambiguous' : undefined;
}

function ofPorts(containers: readonly (readonly [string, Container])[]): string[] {
  const seen = new Map<string, Place[]>();
  return containers.flatMap(([path, { ports = [] }]) =>
    ports.flatMap((port, i) => {
      const { containerPort, protocol = 'TCP', hostIP = '', hostPort = 0 } = port;
      const place = { at: `${path}.ports[${i}]`, hostIP, hostPort };
      const unused = hostIP !== '' && hostPort === 0 ? [`${place.at}: hostIP set without hostPort: ${shownPort(port)}`] : [];
      const id = `${containerPort}/${protocol}`;
      const others = seen.get(id) ?? [];
      seen.set(id, [...others, place]);
      const clashes = others.flatMap((other) => {
        const word = clash(place, other);
        return word ? [`${place.at}: ${word} port definition with ${other.at}`] : [];
      });
      return [...unused, ...clashes];
    }),
  );
}

/** As Go prints its struct. */
const shownPort = ({ name = '', hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

/** Whoever asks for a port by name gets the first one of that name. */
function ofPortNames(containers: readonly (readonly [string, Container])[]): string[] {
  const seen = new Map<string, string>();
  return containers.flatMap(([path, { ports = [] }]) =>
    ports.flatMap(({ name = '' }, i) => {
      const at = `${path}.ports[${i}]`;
      const first = seen.get(name);
      if (name !== '' && first === undefined) seen.set(name, at);
      if (first === undefined) return [];
      return [
        `${at}: duplicate port name ${JSON.stringify(name)} with ${first}, services and probes that select ports by name will use ${first}`,
      ];
    }),
  );
}

function ofContainer(path: string, container: Container): string[] {
  return [
    ...fractions(`${path}.resources.limits`, container.resources?.limits),
    ...fractions(`${path}.resources.requests`, container.resources?.requests),
    ...((container.env?.length ?? 0) > 1 ? ofEnv(`${path}.env`, container.env ?? []) : []),
  ];
}

function ofAffinity(at: string, affinity: PodSpec['affinity']): string[] {
  const nothing = (path: string, term: PodAffinityTerm | undefined) =>
    term?.labelSelector ? [] : [`${path}.labelSelector: a null labelSelector results in matching no pod`];
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((field) => [
    ...(affinity?.[field]?.[HARD] ?? []).flatMap((term, i) => nothing(`${at}.affinity.${field}.${HARD}[${i}]`, term)),
    ...(affinity?.[field]?.[SOFT] ?? []).flatMap((wish, i) =>
      nothing(`${at}.affinity.${field}.${SOFT}[${i}].podAffinityTerm`, wish.podAffinityTerm),
    ),
  ]);
}

const agrees = (profile: AppArmorProfile | undefined, annotation = '') =>
  profile !== undefined && equalJson(profile, profileOf(annotation));

/** Annotations that became fields, and are read no more. AppArmor's are still read for a pod itself, which hears of it then. */
function ofAnnotations(prefix: string, annotations: Readonly<Record<string, string>>, spec: PodSpec, containers: readonly Container[]) {
  const at = (key: string, rule: string) => (key in annotations ? [`${prefix}metadata.annotations[${key}]: ${rule}`] : []);
  const { securityContext: pod } = spec;
  return [
    ...Object.entries(ANNOTATIONS).flatMap(([key, rule]) => at(key, rule)),
    ...(pod?.seccompProfile ? [] : at('seccomp.security.alpha.kubernetes.io/pod', SECCOMP_RULE)),
    ...containers.flatMap(({ name, securityContext: own }) => [
      ...(own?.seccompProfile ? [] : at(`container.seccomp.security.alpha.kubernetes.io/${name}`, SECCOMP_RULE)),
      ...(prefix === '' || own?.appArmorProfile || agrees(pod?.appArmorProfile, annotations[APP_ARMOR + name])
        ? []
        : at(APP_ARMOR + name, APP_ARMOR_RULE)),
    ]),
  ];
}

function ofSource(at: string, volume: Volume): string[] {
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  return [
    ...VOLUMES.flatMap(([field, spelled, since]) => (volume[field] ? [`${at}.${spelled}: ${since}`] : [])),
    ...(claim ? claimSpecWarnings(`${at}.ephemeral.volumeClaimTemplate.spec`, claim) : []),
  ];
}

function warnings(prefix: string, annotations: Readonly<Record<string, string>> | undefined, spec: PodSpec): string[] {
  const at = `${prefix}spec`;
  const containers = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    ((spec[list] ?? []) as readonly Container[]).map((container, i) => [`${at}.${list}[${i}]`, container] as const),
  );
  const { volumes = [], hostAliases = [], imagePullSecrets = [], terminationGracePeriodSeconds: grace = 0 } = spec;
  return [
    ...ofLabels(at, spec),
    ...(annotations
      ? ofAnnotations(
          prefix,
          annotations,
          spec,
          containers.map(([, container]) => container),
        )
      : []),
    ...volumes.flatMap((volume, i) => ofSource(`${at}.volumes[${i}]`, volume)),
    ...volumeWarnings(volumes),
    ...repeated(
      `${at}.hostAliases`,
      'ip',
      hostAliases.map(({ ip }) => ip),
    ),
    ...repeated(
      `${at}.imagePullSecrets`,
      'name',
      imagePullSecrets.map(({ name = '' }) => name),
    ),
    ...imagePullSecrets.flatMap(({ name }, i) => (name ? [] : [`${at}.imagePullSecrets[${i}].name: invalid empty name ""`])),
    ...fractions(`${at}.overhead`, spec.overhead),
    ...containers.flatMap(([path, container]) => ofContainer(path, container)),
    ...ofPorts(containers),
    ...ofPortNames(containers),
    ...(grace < 0 ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`] : []),
    ...ofAffinity(at, spec.affinity),
  ];
}

function ofName(name = '', used: string): string[] {
  const findings = dns1123LabelFindings(name);
  if (findings.length === 0) return [];
  return [
    `metadata.name: this is used in ${used}, which can result in surprising behavior; a DNS label is recommended: [${findings.join(' ')}]`,
  ];
}

/** Only when they are made: people seldom change pods by hand. */
export const podWarnings = ({ metadata, spec }: Pod, old: Pod | undefined): string[] =>
  old ? [] : [...ofName(metadata?.name, "the Pod's hostname"), ...(spec ? warnings('', metadata?.annotations, spec) : [])];

const contentOf = <T extends KubeObject>(object: T): object => ({ ...object, metadata: undefined, status: undefined });

/**
 * What a kind with a template for pods at `path` says: when it is made, and when it changes. `named`: its name goes into those of its pods. `ofOld`: once it is made it says of a change what
 * it said of the template before (upstream's replication controllers).
 */
export const workloadWarnings =
  <T extends KubeObject>(path: string, read: (object: T) => PodTemplateSpec | undefined, named: boolean, { ofOld = false } = {}) =>
  (object: T, old: T | undefined): string[] => {
    if (old && same(contentOf(object), contentOf(old))) return [];
    const template = read(ofOld && old ? old : object);
    return [
      ...(named && !old ? ofName(object.metadata?.name, 'Pod names and hostnames') : []),
      ...(template?.spec ? warnings(`${path}.`, template.metadata?.annotations, template.spec) : []),
    ];
  };
