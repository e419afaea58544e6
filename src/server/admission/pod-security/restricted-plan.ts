import type { Container, Volume } from '../../../api/schema/generated/types.ts';
import { badSeccomp, procMount, seccompFields } from './baseline-kernel-plan.ts';
import {
  type Check,
  type Control,
  containersOf,
  containersThat,
  hasUserNamespace,
  isWindows,
  namedContainers,
  plural,
  quoted,
  setters,
  sorted,
} from './check-plan.ts';

/** Windows has no such thing (from v1.25 on, when pods began to say what they are for). */
const exceptOnWindows =
  (control: Control): Control =>
  (pod) =>
    isWindows(pod) ? undefined : control(pod);
const exceptInUserNamespaces =
  (control: Control): Control =>
  (pod) =>
    hasUserNamespace(pod) ? undefined : control(pod);

const allowPrivilegeEscalation: Control = (pod) => {
  const names = containersThat(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  const detail = `${namedContainers(names)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
};

const dropsAll = ({ securityContext }: Container) => securityContext?.capabilities?.drop?.includes('ALL') ?? false;
const added = ({ securityContext }: Container) => (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');

const capabilities: Control = (pod) => {
  const keeping = containersThat(pod, (container) => !dropsAll(container));
  const adding = containersThat(pod, (container) => added(container).length > 0);
  const forbidden = quoted(sorted(containersOf(pod).flatMap(added)));
  const faults = [
    ...(keeping.length > 0 ? [`${namedContainers(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0 ? [`${namedContainers(adding)} must not include ${forbidden} in securityContext.capabilities.add`] : []),
  ];
  return faults.length > 0 ? { reason: 'unrestricted capabilities', detail: faults.join('; ') } : undefined;
};

const ALLOWED_VOLUMES: readonly (keyof Volume)[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const volumeType = (volume: Volume): string => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';

const volumeTypes: Control = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => !ALLOWED_VOLUMES.some((type) => volume[type] !== undefined));
  if (bad.length === 0) return undefined;
  const names = bad.map(({ name }) => name);
  const types = sorted(bad.map(volumeType));
  const what = `${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`;
  const who = `${plural('volume', 'volumes', names.length)} ${quoted(names)}`;
  return { reason: 'restricted volume types', detail: `${who} ${plural('uses', 'use', names.length)} ${what}` };
};

const runAsNonRoot: Control = (pod) => {
  const reason = 'runAsNonRoot != true';
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const refusing = containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false);
  const who = setters(ofPod === false, refusing);
  if (who) return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  if (ofPod) return undefined;
  const silent = containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${namedContainers(silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: Control = (pod) => {
  const who = setters(
    pod.spec.securityContext?.runAsUser === 0,
    containersThat(pod, ({ securityContext }) => securityContext?.runAsUser === 0),
  );
  return who ? { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` } : undefined;
};

const seccompProfile: Control = (pod) => {
  const bad = seccompFields(pod);
  if (bad) return bad;
  const { securityContext } = pod.spec;
  if (securityContext?.seccompProfile && badSeccomp(securityContext).length === 0) return undefined;
  const silent = containersThat(pod, (container) => container.securityContext?.seccompProfile === undefined);
  if (silent.length === 0) return undefined;
  const detail = `pod or ${namedContainers(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
};

/** Restricted: hardened pods, besides what baseline asks for (Kubernetes: "Pod Security Standards"). */
export const RESTRICTED_CHECKS: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    versions: [
      { since: 8, control: allowPrivilegeEscalation },
      { since: 25, control: exceptOnWindows(allowPrivilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    versions: [
      { since: 22, control: capabilities, instead: 'capabilities_baseline' },
      { since: 25, control: exceptOnWindows(capabilities), instead: 'capabilities_baseline' },
    ],
  },
  { id: 'procMount_restricted', level: 'restricted', versions: [{ since: 35, control: procMount, instead: 'procMount' }] },
  { id: 'restrictedVolumes', level: 'restricted', versions: [{ since: 0, control: volumeTypes, instead: 'hostPathVolumes' }] },
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    versions: [
      { since: 0, control: runAsNonRoot },
      { since: 35, control: exceptInUserNamespaces(runAsNonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    versions: [
      { since: 23, control: runAsUser },
      { since: 35, control: exceptInUserNamespaces(runAsUser) },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    versions: [
      { since: 19, control: seccompProfile, instead: 'seccompProfile_baseline' },
      { since: 25, control: exceptOnWindows(seccompProfile), instead: 'seccompProfile_baseline' },
    ],
  },
];
