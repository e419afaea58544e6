import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { quantityValue } from '../../base/quantity.ts';
import { detailsOf, type Runtime, type SandboxConfig } from '../../runtime/runtime.ts';
import { ImageError, type Images } from '../images/images.ts';
import { containerConfig } from './config/container-config.ts';
import { ConfigError, type EnvSources, envReferences } from './config/env-plan.ts';
import { hostNetworkHostsFile, hostsFile } from './config/hosts-file-plan.ts';
import { type ExitReader, exitFrom } from './exits.ts';
import type { PodContext } from './pod-context.ts';
import type { PodEffect, PodEvent } from './pod-state-plan.ts';
import type { ObjectReader, PodCgroups, PodFacts, PodStorage } from './ports.ts';

export interface StarterOptions {
  readonly runtime: Runtime;
  readonly storage: PodStorage;
  readonly images: Images;
  readonly objects: ObjectReader;
  readonly facts: PodFacts;
  readonly cgroups: PodCgroups;
}

type Start = Extract<PodEffect, { do: 'startContainer' }>;
export type ReportContainer = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

export interface StartRequest {
  readonly pod: Pod;
  readonly spec: Container;
  readonly effect: Start;
  readonly sandbox: SandboxConfig;
  readonly targetId: string | undefined;
  /** Told how long the image was waited for. */
  readonly pulled: PodContext['pulled'];
  readonly report: ReportContainer;
}

class StartError extends Error {
  readonly reason: string;
  readonly id: string | undefined;
  constructor(reason: string, cause: unknown, id?: string) {
    super(detailsOf(cause), { cause });
    this.reason = reason;
    this.id = id;
  }
}

const failing = async <T>(reason: string, work: Promise<T>, id?: string): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ConfigError) throw new StartError('CreateContainerConfigError', error);
    throw new StartError(reason, error, id);
  }
};

/** Image, config, creation, start. Always answers with events for the machine; never throws. */
export async function startContainer(options: StarterOptions, request: StartRequest, signal: AbortSignal): Promise<PodEvent[]> {
  try {
    return await attemptStart(options, request, signal);
  } catch (error) {
    const { spec, report } = request;
    const message = detailsOf(error);
    if (error instanceof ImageError) {
      if (!signal.aborted) report('Warning', 'Failed', `Error: ${error.reason}`);
      return [{ type: 'startFailed', name: spec.name, reason: error.reason, message, retryAtMs: error.retryAtMs }];
    }
    const reason = error instanceof StartError ? error.reason : 'CreateContainerError';
    if (!signal.aborted) report('Warning', 'Failed', `Error: ${message}`);
    const id = error instanceof StartError ? error.id : undefined;
    return [{ type: 'startFailed', name: spec.name, reason, message, ...(id && { ended: { id, exitCode: 128 } }) }];
  }
}

async function attemptStart(options: StarterOptions, request: StartRequest, signal: AbortSignal): Promise<PodEvent[]> {
  const { runtime, storage, images, facts, cgroups } = options;
  const { pod, spec, effect, sandbox, targetId, report } = request;
  const { image } = await images.ensure(pod, spec, { signal, pulled: request.pulled });
  const env = await failing('CreateContainerConfigError', envSources(options, pod, spec, effect.ips, signal));
  const hosts = await hostsContent(pod, effect.ips, facts);
  const config = await failing(
    'CreateContainerConfigError',
    containerConfig(pod, spec, {
      attempt: effect.attempt,
      image,
      imageId: image.id,
      env,
      mounts: (expandEnv) => storage.containerMounts(pod, spec, { attempt: effect.attempt, hosts, expandEnv }, { signal }),
      seccompDir: facts.seccompDir,
      nodeMemoryBytes: quantityValue(facts.node()?.status?.capacity?.memory ?? '0'),
      endsTogether: cgroups.version === 'v2',
      targetId,
    }),
  );
  for (const id of effect.remove) await runtime.removeContainer(id, { signal }).catch(() => {});
  const id = await failing('CreateContainerError', runtime.createContainer(effect.sandboxId, config, sandbox, { signal }));
  report('Normal', 'Created', 'Container created');
  await failing('RunContainerError', runtime.startContainer(id, { signal }), id);
  report('Normal', 'Started', 'Container started');
  return started(options, request, id, image.repoDigests[0] ?? image.id, signal);
}

/** What was started, and at once how it ended if it was quicker than we. */
async function started(options: ExitReader, request: StartRequest, id: string, imageId: string, signal: AbortSignal): Promise<PodEvent[]> {
  const { pod, spec } = request;
  const status = await failing('RunContainerError', options.runtime.containerStatus(id, { signal }), id);
  const image = spec.image ?? '';
  const event: PodEvent = {
    type: 'containerStarted',
    name: spec.name,
    id,
    startedAtMs: status.startedAtMs,
    specImage: image,
    resources: spec.resources,
    image,
    imageId,
  };
  return status.state === 'exited' ? [event, await exitFrom(options, pod, spec, status)] : [event];
}

async function hostsContent(pod: Pod, ips: readonly string[], facts: PodFacts): Promise<string> {
  if (pod.spec?.hostNetwork) return hostNetworkHostsFile(pod, await facts.hosts());
  return hostsFile(pod, ips, facts.clusterDomain);
}

async function envSources(
  { objects, facts }: StarterOptions,
  pod: Pod,
  spec: Container,
  ips: readonly string[],
  signal: AbortSignal,
): Promise<EnvSources> {
  const { configMaps, secrets } = envReferences(spec);
  const namespace = pod.metadata?.namespace ?? '';
  const [maps, keys] = await Promise.all([
    Promise.all(configMaps.map(async (name) => [name, await objects.configMap(namespace, name, { signal })] as const)),
    Promise.all(secrets.map(async (name) => [name, await objects.secret(namespace, name, { signal })] as const)),
  ]);
  const podIps = pod.spec?.hostNetwork ? facts.hostIps() : ips;
  return {
    configMaps: new Map(maps),
    secrets: new Map(keys),
    services: facts.services(),
    downward: {
      podIps,
      hostIps: facts.hostIps(),
      nodeName: facts.nodeName,
      allocatable: facts.node()?.status?.allocatable ?? {},
    },
  };
}
