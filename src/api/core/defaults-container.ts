import { fill, fillZero } from '../meta/fill.ts';
import { defaultPullPolicy } from '../meta/image-reference.ts';
import type { Container, EnvVar, HTTPGetAction, Lifecycle, Probe } from '../schema/generated/types.ts';

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
  if (env.valueFrom?.fileKeyRef) fill(env.valueFrom.fileKeyRef, { optional: false });
}

/** Containers of every list: app, init and ephemeral. */
export function defaultContainer(container: Container): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '');
  fillZero(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  fill(container, { resources: {} });
  for (const port of container.ports ?? []) fillZero(port, { protocol: 'TCP' });
  for (const env of container.env ?? []) defaultEnv(env);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  defaultLifecycle(container.lifecycle);
}
