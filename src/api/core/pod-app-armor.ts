import type { HookContext } from '../define.ts';
import { equalJson } from '../meta/equal-json.ts';
import type { AppArmorProfile, Pod } from '../schema/generated/types.ts';
import { APP_ARMOR } from './validation-pod-annotations.ts';
import { checkAppArmor } from './validation-security.ts';
import { placedContainers } from './validation-windows.ts';

export const APP_ARMOR_RULE = 'deprecated since v1.30; use the "appArmorProfile" field instead';

const LOCALHOST = 'localhost/';

/** The field that an annotation stands for; undefined where it stands for none (ApparmorFieldForAnnotation in pkg/api/pod/util.go). */
export function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(LOCALHOST) || annotation === LOCALHOST) return undefined;
  return { type: 'Localhost', localhostProfile: annotation.slice(LOCALHOST.length) };
}

/**
 * Containers get the profiles that annotations of the pod, which is new, have for them, and its author is told (KEP-24; applyAppArmorVersionSkew in
 * pkg/registry/core/pod/strategy.go). A container that has the pod's own profile needs none.
 */
export function readAppArmorAnnotations({ metadata, spec }: Pod, { warn }: HookContext): void {
  const { annotations } = metadata ?? {};
  if (!annotations || !spec || spec.os?.name === 'windows') return;
  const ofPod = spec.securityContext?.appArmorProfile;
  for (const { container } of placedContainers('spec', spec)) {
    const key = `${APP_ARMOR}${container.name}`;
    const text = annotations[key];
    if (text === undefined || container.securityContext?.appArmorProfile) continue;
    const said = profileOf(text);
    const profile = checkAppArmor('', said).length === 0 ? said : undefined;
    if (profile && equalJson(profile, ofPod)) continue;
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warn?.(`metadata.annotations[${key}]: ${APP_ARMOR_RULE}`);
  }
}
