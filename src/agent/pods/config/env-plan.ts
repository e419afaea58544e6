import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '../../../api/schema/generated/types.ts';
import { expand } from './expansion-plan.ts';
import { type DownwardFacts, fieldValue, resourceValue } from './field-ref-plan.ts';
import { serviceEnv } from './service-env-plan.ts';

/** A container cannot be made from what its spec refers to: status shows CreateContainerConfigError with this message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface EnvSources {
  readonly configMaps: ReadonlyMap<string, ConfigMap | undefined>;
  readonly secrets: ReadonlyMap<string, Secret | undefined>;
  readonly services: readonly Service[];
  readonly downward: DownwardFacts;
}

/** Names of the ConfigMaps and Secrets that the container's environment refers to. */
export function envReferences(container: Container): { configMaps: string[]; secrets: string[] } {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const from of container.envFrom ?? []) {
    if (from.configMapRef?.name) configMaps.add(from.configMapRef.name);
    if (from.secretRef?.name) secrets.add(from.secretRef.name);
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.configMapKeyRef?.name) configMaps.add(valueFrom.configMapKeyRef.name);
    if (valueFrom?.secretKeyRef?.name) secrets.add(valueFrom.secretKeyRef.name);
  }
  return { configMaps: [...configMaps], secrets: [...secrets] };
}

const decode = (base64: string): string => new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));

interface Lookup {
  readonly kind: 'configmap' | 'secret';
  readonly name: string;
  readonly optional: boolean;
  readonly namespace: string;
}

function dataOf(sources: EnvSources, { kind, name, optional, namespace }: Lookup): Record<string, string> | undefined {
  if (kind === 'configmap') {
    const found = sources.configMaps.get(name);
    if (found) return found.data ?? {};
  } else {
    const found = sources.secrets.get(name);
    if (found) return Object.fromEntries(Object.entries(found.data ?? {}).map(([k, v]) => [k, decode(v)]));
  }
  if (optional) return undefined;
  throw new ConfigError(`${kind} "${name}" not found`, { cause: { namespace } });
}

function addFrom(env: Map<string, string>, pod: Pod, container: Container, sources: EnvSources): void {
  const namespace = pod.metadata?.namespace ?? '';
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef;
    if (!ref?.name) continue;
    const kind = configMapRef ? 'configmap' : 'secret';
    const data = dataOf(sources, { kind, name: ref.name, optional: ref.optional === true, namespace });
    for (const [key, value] of Object.entries(data ?? {})) env.set(prefix + key, value);
  }
}

function keyed(pod: Pod, variable: EnvVar, sources: EnvSources): string | undefined {
  const { configMapKeyRef, secretKeyRef } = variable.valueFrom ?? {};
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) return undefined;
  const namespace = pod.metadata?.namespace ?? '';
  const kind = configMapKeyRef ? 'configmap' : 'secret';
  const data = dataOf(sources, { kind, name: ref.name ?? '', optional: ref.optional === true, namespace });
  const value = data && Object.hasOwn(data, ref.key) ? data[ref.key] : undefined;
  if (value !== undefined || ref.optional) return value;
  const what = kind === 'secret' ? 'Secret' : 'ConfigMap';
  throw new ConfigError(`couldn't find key ${ref.key} in ${what} ${namespace}/${ref.name}`);
}

/** What is wrong with a reference is wrong with the container's configuration. */
function orConfigError(read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function referred(pod: Pod, container: Container, variable: EnvVar, sources: EnvSources): string | undefined {
  const { fieldRef, resourceFieldRef, fileKeyRef } = variable.valueFrom ?? {};
  if (fieldRef) return orConfigError(() => fieldValue(pod, fieldRef.fieldPath, sources.downward));
  if (resourceFieldRef) {
    const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const named = resourceFieldRef.containerName ? all.find((c) => c.name === resourceFieldRef.containerName) : container;
    if (!named) throw new ConfigError(`container ${resourceFieldRef.containerName} not found`);
    return orConfigError(() => resourceValue(named, resourceFieldRef, sources.downward));
  }
  if (fileKeyRef) throw new ConfigError(`env variable ${variable.name}: fileKeyRef is not built yet`);
  return keyed(pod, variable, sources);
}

/** The environment of a container: service variables, envFrom, env, each able to overrule those before it. */
export function containerEnv(pod: Pod, container: Container, sources: EnvSources): Map<string, string> {
  const links = pod.spec?.enableServiceLinks !== false;
  const services = serviceEnv(sources.services, pod.metadata?.namespace ?? '', links);
  const env = new Map<string, string>();
  addFrom(env, pod, container, sources);
  const known = new Map(env);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? referred(pod, container, variable, sources)
      : expand(variable.value ?? '', (name) => known.get(name) ?? services.get(name));
    if (value === undefined) continue;
    known.set(variable.name, value);
    env.set(variable.name, value);
  }
  for (const [key, value] of services) if (!env.has(key)) env.set(key, value);
  return env;
}
