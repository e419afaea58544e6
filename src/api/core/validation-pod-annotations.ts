import { type FieldError, forbidden, invalid } from '../meta/field-error.ts';
import type { AppArmorProfile, ObjectMeta, Pod, PodSpec, SeccompProfile, Toleration } from '../schema/generated/types.ts';
import { checkDescendingPath } from './validation-paths.ts';
import { checkTolerations } from './validation-scheduling.ts';
import { placedContainers } from './validation-windows.ts';

/** Annotations that mean something to pods. Most are older than the fields that replaced them. */

export const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';

type Annotations = Readonly<Record<string, string>>;

function checkTolerationsText(path: string, text: string): FieldError[] {
  try {
    return checkTolerations(`${path}.${TOLERATIONS}`, JSON.parse(text) as Toleration[]);
  } catch (e) {
    return [invalid(path, TOLERATIONS, (e as Error).message)];
  }
}

const isCost = (text: string) => /^(0|-?[1-9]\d*)$/.test(text) && Math.abs(Number(text)) < 2 ** 31;

function checkSeccompText(path: string, text: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(text)) return [];
  if (text.startsWith(LOCALHOST)) return checkDescendingPath(path, text.slice(LOCALHOST.length));
  return [invalid(path, text, 'must be a valid seccomp profile')];
}

function checkAppArmorText(path: string, container: string, text: string, spec: PodSpec): FieldError[] {
  const known = placedContainers('spec', spec).some((placed) => placed.container.name === container);
  const valid = ['', 'runtime/default', 'unconfined'].includes(text) || text.startsWith(LOCALHOST);
  return [
    ...(known ? [] : [invalid(path, container, 'container not found')]),
    ...(valid ? [] : [invalid(path, text, `invalid AppArmor profile name: ${JSON.stringify(text)}`)]),
  ];
}

export function checkPodAnnotations(path: string, annotations: Annotations | undefined, spec: PodSpec): FieldError[] {
  if (!annotations) return [];
  const errors: FieldError[] = [];
  const { [MIRROR]: mirror, [TOLERATIONS]: tolerations, [DELETION_COST]: cost, [SECCOMP_POD]: seccomp } = annotations;
  if (mirror !== undefined && !spec.nodeName) {
    errors.push(invalid(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'));
  }
  if (tolerations) errors.push(...checkTolerationsText(path, tolerations));
  if (cost !== undefined && !isCost(cost)) errors.push(invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer'));
  if (seccomp !== undefined) errors.push(...checkSeccompText(`${path}.${SECCOMP_POD}`, seccomp));
  for (const [key, text] of Object.entries(annotations)) {
    if (key.startsWith(SECCOMP_CONTAINER)) errors.push(...checkSeccompText(`${path}.${key}`, text));
  }
  for (const [key, text] of Object.entries(annotations)) {
    if (key.startsWith(APP_ARMOR)) errors.push(...checkAppArmorText(`${path}[${key}]`, key.slice(APP_ARMOR.length), text, spec));
  }
  return errors;
}

interface Spoken {
  readonly kind: 'seccomp' | 'apparmor';
  readonly defaults: readonly string[];
}
const SECCOMP: Spoken = { kind: 'seccomp', defaults: ['runtime/default', 'docker/default'] };
const ARMOR: Spoken = { kind: 'apparmor', defaults: ['runtime/default'] };

function checkAgrees(path: string, text: string | undefined, profile: SeccompProfile | AppArmorProfile, spoken: Spoken): FieldError[] {
  if (text === undefined) return [];
  const mismatch = (field: string, what: string) => [
    forbidden(`${path}.${field}`, `${spoken.kind} ${what} in annotation and field must match`),
  ];
  switch (profile.type) {
    case 'Unconfined':
      return text === 'unconfined' ? [] : mismatch('type', 'type');
    case 'RuntimeDefault':
      return spoken.defaults.includes(text) ? [] : mismatch('type', 'type');
    case 'Localhost':
      if (!text.startsWith(LOCALHOST)) return mismatch('type', 'type');
      return text.slice(LOCALHOST.length) === profile.localhostProfile ? [] : mismatch('localhostProfile', 'profile');
    default:
      return [];
  }
}

/** Where an annotation and its field are both there, they say the same. */
export function checkAnnotationsAgree(path: string, { annotations }: ObjectMeta, spec: PodSpec): FieldError[] {
  if (!annotations) return [];
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  const placed = placedContainers(path, spec);
  return [
    ...(seccompProfile ? checkAgrees(`${path}.securityContext.seccompProfile`, annotations[SECCOMP_POD], seccompProfile, SECCOMP) : []),
    ...placed.flatMap(({ path: at, container: { name, securityContext } }) => {
      const profile = securityContext?.seccompProfile;
      if (!profile) return [];
      return checkAgrees(`${at}.securityContext.seccompProfile`, annotations[SECCOMP_CONTAINER + name], profile, SECCOMP);
    }),
    ...placed.flatMap(({ path: at, container: { name, securityContext } }) => {
      const profile = securityContext?.appArmorProfile ?? appArmorProfile;
      if (!profile || spec.os?.name === 'windows') return [];
      return checkAgrees(`${at}.securityContext.appArmorProfile`, annotations[APP_ARMOR + name], profile, ARMOR);
    }),
  ];
}

const isFixed = (key: string) => key === MIRROR || key.startsWith(APP_ARMOR);
const spoken = (key: string) => (key === MIRROR ? 'mirror pod annotation' : 'AppArmor annotations');

export function checkPodAnnotationsUpdate({ metadata }: Pod, old: Pod): FieldError[] {
  const [now, then] = [metadata?.annotations ?? {}, old.metadata?.annotations ?? {}];
  const path = 'metadata.annotations';
  const changed = Object.keys(then).filter((key) => isFixed(key) && now[key] !== then[key]);
  const added = Object.keys(now).filter((key) => isFixed(key) && !(key in then));
  return [
    ...changed.map((key) => forbidden(`${path}[${key}]`, `may not remove or update ${spoken(key)}`)),
    ...added.map((key) => forbidden(`${path}[${key}]`, `may not add ${spoken(key)}`)),
  ];
}
