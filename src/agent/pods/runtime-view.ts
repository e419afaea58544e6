import { type ContainerStatus, isRuntimeNotFound, type Runtime, type Sandbox } from '../../runtime/runtime.ts';
import { CONTAINER_NAME, POD_UID, SPEC_IMAGE } from './config/labels.ts';
import type { FoundContainer, FoundSandbox } from './pod-state-plan.ts';

interface CallOptions {
  signal: AbortSignal;
}

const goneIsFine = (error: unknown) => {
  if (!isRuntimeNotFound(error)) throw error;
};

export interface FoundPod {
  readonly sandboxes: readonly FoundSandbox[];
  readonly containers: readonly FoundContainer[];
}
export const NOTHING_FOUND: FoundPod = { sandboxes: [], containers: [] };

/** Everything that the runtime has, by pod uid: what an agent that starts again builds its view from. */
export async function findPods(runtime: Runtime, options: CallOptions): Promise<Map<string, FoundPod>> {
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(options), runtime.listContainers(options)]);
  const uids = new Set([...sandboxes, ...containers].map((o) => o.labels[POD_UID]));
  const found = new Map<string, FoundPod>();
  for (const uid of uids) {
    if (uid === undefined) continue;
    const mine = <T extends { labels: Record<string, string> }>(list: readonly T[]) => list.filter((o) => o.labels[POD_UID] === uid);
    found.set(uid, {
      sandboxes: await Promise.all(mine(sandboxes).map((s) => foundSandbox(runtime, s, options))),
      containers: await Promise.all(mine(containers).map(async ({ id }) => foundContainer(await runtime.containerStatus(id, options)))),
    });
  }
  return found;
}

async function foundSandbox(runtime: Runtime, { id, metadata, state, createdAtMs }: Sandbox, options: CallOptions): Promise<FoundSandbox> {
  const ips = state === 'ready' ? (await runtime.podSandboxStatus(id, options)).ips : [];
  return { id, attempt: metadata.attempt, ready: state === 'ready', createdAtMs, ips };
}

function foundContainer(status: ContainerStatus): FoundContainer {
  const { id, metadata, sandboxId, state, startedAtMs, finishedAtMs, exitCode, reason, message } = status;
  const name = status.labels[CONTAINER_NAME] ?? metadata.name;
  const specImage = status.annotations[SPEC_IMAGE] ?? status.image;
  const end = { startedAtMs, finishedAtMs, exitCode, reason, message };
  return { id, name, attempt: metadata.attempt, sandboxId, state, ...end, image: specImage, imageId: status.imageRef, specImage };
}

export async function stopSandboxes(runtime: Runtime, uid: string, options: CallOptions): Promise<void> {
  for (const { id, labels } of await runtime.listPodSandboxes(options)) {
    if (labels[POD_UID] === uid) await runtime.stopPodSandbox(id, options).catch(goneIsFine);
  }
}

export async function removePod(runtime: Runtime, uid: string, options: CallOptions): Promise<void> {
  for (const { id, labels } of await runtime.listContainers(options)) {
    if (labels[POD_UID] === uid) await runtime.removeContainer(id, options).catch(goneIsFine);
  }
  for (const { id, labels } of await runtime.listPodSandboxes(options)) {
    if (labels[POD_UID] === uid) await runtime.removePodSandbox(id, options).catch(goneIsFine);
  }
}
