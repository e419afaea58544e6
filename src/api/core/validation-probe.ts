import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkNonNegative, checkPort, checkPortNumberOrName } from '../meta/validation.ts';
import type { Container, GRPCAction, LifecycleHandler, Probe } from '../schema/generated/types.ts';

type Handler = LifecycleHandler & { grpc?: GRPCAction };

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function checkAction(path: string, kind: (typeof HANDLERS)[number], handler: Handler): FieldError[] {
  switch (kind) {
    case 'exec':
      return handler.exec?.command?.length ? [] : [required(`${path}.exec.command`)];
    case 'httpGet': {
      const errors = handler.httpGet?.path ? [] : [required(`${path}.httpGet.path`)];
      errors.push(...checkPortNumberOrName(`${path}.httpGet.port`, handler.httpGet?.port));
      return [...errors, ...checkEnum(`${path}.httpGet.scheme`, handler.httpGet?.scheme, ['HTTP', 'HTTPS'])];
    }
    case 'tcpSocket':
      return checkPortNumberOrName(`${path}.tcpSocket.port`, handler.tcpSocket?.port);
    case 'grpc':
      return checkPort(`${path}.grpc.port`, handler.grpc?.port);
    case 'sleep':
      return checkNonNegative(`${path}.sleep.seconds`, handler.sleep?.seconds);
  }
}

/** Exactly one of exec, httpGet, tcpSocket, grpc (probes) or sleep (hooks). */
function checkHandler(path: string, handler: Handler): FieldError[] {
  const [first, ...more] = HANDLERS.filter((kind) => handler[kind] !== undefined);
  if (first === undefined) return [required(path, 'must specify a handler type')];
  return [
    ...checkAction(path, first, handler),
    ...more.map((kind) => forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type')),
  ];
}

function checkProbe(path: string, probe: Probe | undefined): FieldError[] {
  if (!probe) return [];
  const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;
  const errors = [...checkHandler(path, probe), ...counts.flatMap((field) => checkNonNegative(`${path}.${field}`, probe[field]))];
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  return errors;
}

/** Only readiness can succeed more than once in a row, and only the others may end the container. */
export function checkProbes(path: string, { livenessProbe, readinessProbe, startupProbe }: Container): FieldError[] {
  const errors = [
    ...checkProbe(`${path}.livenessProbe`, livenessProbe),
    ...checkProbe(`${path}.readinessProbe`, readinessProbe),
    ...checkProbe(`${path}.startupProbe`, startupProbe),
  ];
  for (const [name, probe] of Object.entries({ livenessProbe, startupProbe })) {
    const threshold = probe?.successThreshold ?? 1;
    if (threshold !== 1) errors.push(invalid(`${path}.${name}.successThreshold`, threshold, 'must be 1'));
  }
  if (readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    const at = `${path}.readinessProbe.terminationGracePeriodSeconds`;
    errors.push(invalid(at, readinessProbe.terminationGracePeriodSeconds, 'must not be set for readinessProbes'));
  }
  return errors;
}

export function checkLifecycle(path: string, { lifecycle }: Container): FieldError[] {
  return [
    ...(lifecycle?.postStart ? checkHandler(`${path}.lifecycle.postStart`, lifecycle.postStart) : []),
    ...(lifecycle?.preStop ? checkHandler(`${path}.lifecycle.preStop`, lifecycle.preStop) : []),
  ];
}
