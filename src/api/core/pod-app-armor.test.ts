import { expect, it } from 'vitest';
import { pods } from '../index.ts';
import type { AppArmorProfile, Pod, PodSpec } from '../schema/generated/types.ts';

const KEY = 'container.apparmor.security.beta.kubernetes.io/c';
const RULE = `metadata.annotations[${KEY}]: deprecated since v1.30; use the "appArmorProfile" field instead`;

function created(annotation: string, more: Partial<PodSpec> = {}, own?: AppArmorProfile) {
  const warned: string[] = [];
  const container = { name: 'c', image: 'i', ...(own && { securityContext: { appArmorProfile: own } }) };
  const pod: Pod = { metadata: { name: 'p', annotations: { [KEY]: annotation } }, spec: { containers: [container], ...more } };
  pods.hooks.prepareForCreate?.(pod, { now: '2026-01-01T00:00:00Z', warn: (text: string) => warned.push(text) } as never);
  return [pod.spec?.containers[0]?.securityContext?.appArmorProfile, warned];
}

it.each<[string, AppArmorProfile | undefined]>([
  ['unconfined', { type: 'Unconfined' }],
  ['runtime/default', { type: 'RuntimeDefault' }],
  ['localhost/web', { type: 'Localhost', localhostProfile: 'web' }],
  ['localhost/', undefined],
  ['localhost/ web', undefined],
  ['other', undefined],
])('the AppArmor annotation %j of a new pod becomes the field %j of its container, with a warning', (annotation, profile) => {
  expect(created(annotation)).toEqual([profile, [RULE]]);
});

it('a container that has its profile, or the pod’s, is left alone, and so is a pod for Windows', () => {
  const profile = { type: 'RuntimeDefault' };
  expect(created('runtime/default', {}, profile)).toEqual([profile, []]);
  expect(created('runtime/default', { securityContext: { appArmorProfile: profile } })).toEqual([undefined, []]);
  expect(created('unconfined', { securityContext: { appArmorProfile: profile } })).toEqual([{ type: 'Unconfined' }, [RULE]]);
  expect(created('unconfined', { os: { name: 'windows' } })).toEqual([undefined, []]);
});
