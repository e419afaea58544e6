import { fill, fillZero } from '../meta/fill.ts';
import type { Container, EnvVar, HTTPGetAction, Lifecycle, Probe } from '../schema/generated/types.ts';

/** `Always` when the image has no tag (which means latest) or the tag latest, and no digest. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const last = image.slice(image.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon < 0 || last.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

const defaultHttpGet = (action: HTTPGetAction | undefined): void => {
  if (action) fillZero(action, { path: '/', scheme: 'HTTP' });
};

function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  fillZero(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  defaultHttpGet(probe.httpGet);
  if (probe.grpc) fill(probe.grpc, { service: '' });
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  defaultHttpGet(lifecycle?.postStart?.httpGet);
  defaultHttpGet(lifecycle?.preStop?.httpGet);
}

function defaultEnv(env: EnvVar): void {
  if (env.valueFrom?.fieldRef) fillZero(env.valueFrom.fieldRef, { apiVersion: 'v1' });
  if (env.valueFrom?.resourceFieldRef) fillZero(env.valueFrom.resourceFieldRef, { divisor: '0' });
}

/** Containers of every list: app, init and ephemeral. */
export function defaultContainer(container: Container): void {
  fillZero(container, {
    imagePullPolicy: defaultPullPolicy(container.image ?? ''),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  fill(container, { resources: {} });
  for (const port of container.ports ?? []) fillZero(port, { protocol: 'TCP' });
  for (const env of container.env ?? []) defaultEnv(env);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  defaultLifecycle(container.lifecycle);
}
