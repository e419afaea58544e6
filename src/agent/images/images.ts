import { formatReference, type ImageReference, parseReference, pullPolicy } from '../../api/meta/image-reference.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Container, Pod, Secret } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { formatGoDuration } from '../../base/go-duration.ts';
import type { Logger } from '../../base/logger.ts';
import { SharedCalls } from '../../base/shared-calls.ts';
import type { Image, Runtime } from '../../runtime/runtime.ts';
import { type Credentials, credentialsFor } from './credentials-plan.ts';
import { PullBackoff } from './pull-backoff.ts';
import { Semaphore } from './semaphore.ts';

export type ImageErrorReason = 'ErrImagePull' | 'ImagePullBackOff' | 'ErrImageNeverPull' | 'InvalidImageName' | 'ImageInspectError';

/** Why a container has no image: the reason and message of its waiting state. */
export class ImageError extends Error {
  readonly reason: ImageErrorReason;
  /** When trying again makes sense, milliseconds since the epoch; undefined for what only a change of the pod mends. */
  readonly retryAtMs: number | undefined;
  constructor(reason: ImageErrorReason, message: string, options: { retryAtMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ImageError';
    this.reason = reason;
    this.retryAtMs = options.retryAtMs;
  }
}

export type ImageRequest = Pick<Container, 'name' | 'image' | 'imagePullPolicy'>;

export interface Images {
  /**
   * Sees to it that the node has the container's image, and writes the events that go with it, save `Error: <reason>`, which the
   * container's start writes for every kind of failure. `imageRef`: what the runtime knows the image by. Rejects with ImageError.
   */
  ensure(pod: Pod, container: ImageRequest, options: PullOptions): Promise<{ imageRef: string; image: Image }>;
}

interface PullOptions {
  readonly signal: AbortSignal;
  /** Told how long a pull was waited for, on the monotonic clock, however it ended. */
  readonly pulled?: (span: { readonly startMs: number; readonly endMs: number }) => void;
}

export interface ImagesOptions {
  readonly runtime: Pick<Runtime, 'imageStatus' | 'pullImage'>;
  /** Where pull secrets come from (agent/volumes/config-source.ts). */
  readonly secrets: { secret(namespace: string, name: string, options: { signal: AbortSignal }): Promise<Secret | undefined> };
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxParallelPulls: number;
}

interface Pulled {
  image: Image;
  pullMs: number;
}

export function createImages({ runtime, secrets, event, clock, log, maxParallelPulls }: ImagesOptions): Images {
  const failures = new PullBackoff(clock);
  const places = new Semaphore(maxParallelPulls);
  const pulls = new SharedCalls<Pulled>();

  async function status(reference: string, called: string, say: Say, signal: AbortSignal): Promise<Image | undefined> {
    try {
      return await runtime.imageStatus(reference, { signal });
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      const message = `Failed to inspect image ${JSON.stringify(called)}: ${messageOf(error)}`;
      say('Warning', 'InspectFailed', message);
      throw new ImageError('ImageInspectError', message, { retryAtMs: clock.now() + RETRY_INSPECT_MS, cause: error });
    }
  }

  async function pullSecrets(pod: Pod, signal: AbortSignal): Promise<Secret[]> {
    const names = (pod.spec?.imagePullSecrets ?? []).map(({ name = '' }) => name).filter(Boolean);
    const read = (name: string) => secrets.secret(pod.metadata?.namespace ?? '', name, { signal }).catch(ignoreUnless(signal));
    const found = await Promise.all(names.map(read));
    const missing = names.filter((_, i) => !found[i]);
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
      event(pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
    }
    return found.filter((secret) => secret !== undefined);
  }

  /** With each login in turn, until one may pull. */
  async function pull(reference: string, logins: readonly Credentials[], signal: AbortSignal): Promise<Pulled> {
    using _place = await places.acquire({ signal });
    const startedMs = clock.monotonic();
    let failure: unknown;
    for (const login of logins.length > 0 ? logins : [undefined]) {
      try {
        const id = await runtime.pullImage(reference, login, { signal });
        const image = (await runtime.imageStatus(reference, { signal })) ?? (await runtime.imageStatus(id, { signal }));
        if (!image) throw new Error(`the runtime does not know ${reference} after pulling it`);
        return { image, pullMs: clock.monotonic() - startedMs };
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  async function fetchImage(wanted: ImageReference, pod: Pod, called: string, say: Say, signal: AbortSignal): Promise<Image> {
    const key = `${pod.metadata?.uid}_${called}`;
    const waiting = failures.waiting(key);
    if (waiting) {
      say('Normal', 'BackOff', `Back-off pulling image ${JSON.stringify(called)}`);
      const message = `Back-off pulling image ${JSON.stringify(called)}: ErrImagePull: ${waiting.message}`;
      throw new ImageError('ImagePullBackOff', message, { retryAtMs: clock.now() + waiting.leftMs });
    }
    say('Normal', 'Pulling', `Pulling image ${JSON.stringify(called)}`);
    const startedMs = clock.monotonic();
    const reference = formatReference(wanted);
    try {
      const logins = credentialsFor(wanted, await pullSecrets(pod, signal));
      // Only pods with the same logins share a pull: one that may not see the image must not get it through another.
      const shared = `${reference} ${JSON.stringify(logins)}`;
      const { image, pullMs } = await pulls.run(shared, { signal }, (call) => pull(reference, logins, call.signal));
      failures.succeeded(key);
      const waitedMs = clock.monotonic() - startedMs;
      const took = `${formatGoDuration(Math.trunc(pullMs))} (${formatGoDuration(Math.trunc(waitedMs))} including waiting)`;
      say('Normal', 'Pulled', `Successfully pulled image ${JSON.stringify(called)} in ${took}. Image size: ${image.sizeBytes} bytes.`);
      return image;
    } catch (error) {
      if (signal.aborted) throw error;
      const why = pullFault(error);
      log.warn({ image: called, error: why }, 'image not pulled');
      say('Warning', 'Failed', `Failed to pull image ${JSON.stringify(called)}: ${why}`);
      failures.failed(key, why);
      throw new ImageError('ErrImagePull', why, { retryAtMs: clock.now() + LOOK_AGAIN_MS, cause: error });
    }
  }

  return {
    async ensure(pod, container, { signal, pulled }) {
      const called = container.image ?? '';
      const fieldPath = fieldPathOf(pod, container.name);
      const say: Say = (type, reason, message) => event(pod, type, reason, message, fieldPath);
      const wanted = parseReference(called);
      if (!wanted) {
        const why = `couldn't parse image name ${JSON.stringify(called)}: invalid reference format`;
        const message = `Failed to apply default image tag ${JSON.stringify(called)}: ${why}`;
        say('Warning', 'InspectFailed', message);
        throw new ImageError('InvalidImageName', message);
      }
      const policy = pullPolicy(container.imagePullPolicy, wanted);
      const present = policy === 'Always' ? undefined : await status(formatReference(wanted), called, say, signal);
      if (present) {
        say('Normal', 'Pulled', `Container image ${JSON.stringify(called)} already present on machine and can be accessed by the pod`);
        return { imageRef: present.id, image: present };
      }
      if (policy === 'Never') {
        const message = `Container image ${JSON.stringify(called)} is not present with pull policy of Never`;
        say('Warning', 'ErrImageNeverPull', message);
        throw new ImageError('ErrImageNeverPull', message, { retryAtMs: clock.now() + RETRY_NEVER_MS });
      }
      const startMs = clock.monotonic();
      try {
        const image = await fetchImage(wanted, pod, called, say, signal);
        return { imageRef: image.id, image };
      } finally {
        pulled?.({ startMs, endMs: clock.monotonic() });
      }
    },
  };
}

type Say = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** A pull has failed; the next look, as soon as the kubelet's, finds that it is too early for another. */
const LOOK_AGAIN_MS = 1000;
/** Somebody may import the image meanwhile: as often as the kubelet looks at its pods again. */
const RETRY_NEVER_MS = 10_000;
const RETRY_INSPECT_MS = 10_000;

/** As the kubelet tells it: a code that says nothing is left out. */
const pullFault = (error: unknown): string => messageOf(error).replace(/^rpc error: code = Unknown desc = /, '');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const ignoreUnless = (signal: AbortSignal) => (error: unknown) => {
  if (isAbort(error, signal)) throw error;
  return undefined;
};

function fieldPathOf({ spec }: Pod, name: string): string {
  if (spec?.initContainers?.some((container) => container.name === name)) return `spec.initContainers{${name}}`;
  if (spec?.ephemeralContainers?.some((container) => container.name === name)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}
