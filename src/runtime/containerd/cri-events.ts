import protobuf from 'protobufjs';
import type { Clock } from '../../base/clock.ts';
import { eventChannel } from '../event-channel.ts';
import { type CallOptions, isRuntimeNotFound, type Runtime, RuntimeError, type RuntimeEvent } from '../runtime.ts';
import { CONTAINERD_PROTO } from './cri-proto.ts';
import { msOfNanos } from './cri-wire.ts';
import type { RpcClient } from './grpc.ts';

export interface EventSources {
  /** runtime.v1.RuntimeService */
  runtime: RpcClient;
  /** containerd.services.events.v1.Events */
  events: RpcClient;
  sandboxes: Pick<Runtime, 'podSandboxStatus'>;
  containers: Pick<Runtime, 'containerStatus'> & { sandboxIdOf(id: string, options: CallOptions): Promise<string> };
  clock: Clock;
}

/** From the runtime's CRI where that has events (containerd 1.7 and later), else from containerd's own event service. */
export async function* runtimeEvents(sources: EventSources, options: CallOptions): AsyncGenerator<RuntimeEvent> {
  try {
    yield* criEvents(sources.runtime, options);
  } catch (error) {
    if (!(error instanceof RuntimeError && error.reason === 'Unimplemented')) throw error;
  }
  yield* containerdEvents(sources, options);
}

interface CriEvent {
  containerId: string;
  containerEventType: string;
  createdAt: number;
  podSandboxStatus: { id: string } | null;
}
const CRI_TYPES: Record<string, RuntimeEvent['type']> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'deleted',
};

async function* criEvents(runtime: RpcClient, { signal }: CallOptions): AsyncGenerator<RuntimeEvent> {
  for await (const event of runtime.stream<CriEvent>('GetContainerEvents', {}, { signal })) {
    const type = CRI_TYPES[event.containerEventType];
    const sandboxId = event.podSandboxStatus?.id ?? '';
    if (type) yield { type, containerId: event.containerId, sandboxId, atMs: msOfNanos(event.createdAt) };
  }
}

/** The containerd namespace that its CRI plugin keeps pods in. */
const FILTERS = ['/tasks/start', '/tasks/exit', '/containers/delete'].map((topic) => `namespace=="k8s.io",topic=="${topic}"`);
const CAPACITY = 10_000;

interface Envelope {
  timestamp: { seconds: number; nanos: number } | null;
  topic: string;
  event: { value: Buffer } | null;
}

/**
 * containerd tells of an exit before its CRI plugin has noted it: an event is passed on once CRI's own state shows it, so that a reader who
 * asks for the status on hearing of it is not misled. Events of one container keep their order; different containers do not wait for
 * each other.
 */
async function* containerdEvents(sources: EventSources, { signal }: CallOptions): AsyncGenerator<RuntimeEvent> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const overflow = () => new RuntimeError('Unavailable', 'the event consumer fell behind');
  const channel = eventChannel<RuntimeEvent>({ capacity: CAPACITY, overflow });
  const last = new Map<string, Promise<void>>();
  const pass = async (raw: RawEvent) => {
    const event = await settled(sources, raw, { signal: either });
    if (event) channel.push(event);
  };
  const read = async () => {
    for await (const envelope of sources.events.stream<Envelope>('Subscribe', { filters: FILTERS }, { signal: either })) {
      const raw = decode(envelope);
      if (!raw) continue;
      const turn = (last.get(raw.containerId) ?? Promise.resolve()).then(() => pass(raw)).catch((error) => channel.fail(error));
      last.set(raw.containerId, turn);
      void turn.then(() => last.get(raw.containerId) === turn && last.delete(raw.containerId));
    }
  };
  const reading = read().catch((error) => channel.fail(signal.aborted ? new RuntimeError('Aborted', 'events were aborted') : error));
  try {
    yield* channel;
  } finally {
    stop.abort();
    await reading;
    await Promise.all(last.values());
  }
}

interface RawEvent {
  type: 'started' | 'stopped' | 'deleted';
  containerId: string;
  atMs: number;
}

const messages = protobuf.parse(CONTAINERD_PROTO).root.lookup('containerd.services.events.v1') as protobuf.Namespace;
const Subject = messages.lookupType('Subject');
const Exit = messages.lookupType('Exit');

/** Undefined for what does not concern a container's own process. */
export function decode({ topic, timestamp, event }: Envelope): RawEvent | undefined {
  if (!event) return undefined;
  const atMs = timestamp ? timestamp.seconds * 1000 + Math.floor(timestamp.nanos / 1e6) : 0;
  if (topic === '/tasks/exit') {
    const { containerId, id } = Exit.decode(event.value) as unknown as { containerId: string; id: string };
    return id === containerId ? { type: 'stopped', containerId, atMs } : undefined;
  }
  const { containerId } = Subject.decode(event.value) as unknown as { containerId: string };
  if (topic === '/tasks/start') return { type: 'started', containerId, atMs };
  if (topic === '/containers/delete') return { type: 'deleted', containerId, atMs };
  return undefined;
}

/** How long CRI may take to note what containerd told of; the event is passed on then in any case. */
const SETTLE_MS = 2000;

/** The event, once CRI shows it. Undefined when there is nothing to be seen of its subject, as after a failed start. */
async function settled(sources: EventSources, raw: RawEvent, options: CallOptions): Promise<RuntimeEvent | undefined> {
  const { clock, containers } = sources;
  if (raw.type === 'deleted') return { ...raw, sandboxId: (await containers.sandboxIdOf(raw.containerId, options)) || raw.containerId };
  const deadline = clock.monotonic() + SETTLE_MS;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    const seen = await observe(sources, raw.containerId, options);
    const shown = seen?.state === raw.type || seen?.state === 'stopped';
    if (shown || clock.monotonic() >= deadline) return seen && { ...raw, sandboxId: seen.sandboxId };
    if (!seen && raw.type === 'stopped') return undefined;
    await clock.sleep(pauseMs, options);
  }
}

type Observed = { state: 'starting' | 'started' | 'stopped'; sandboxId: string };

/** A container's or a sandbox' state as CRI has it. */
async function observe({ containers, sandboxes }: EventSources, id: string, options: CallOptions): Promise<Observed | undefined> {
  const absent = (error: unknown) => {
    if (isRuntimeNotFound(error)) return undefined;
    throw error;
  };
  const container = await containers.containerStatus(id, options).catch(absent);
  if (container) {
    const state = container.state === 'created' ? 'starting' : container.state === 'running' ? 'started' : 'stopped';
    return { state, sandboxId: container.sandboxId };
  }
  const sandbox = await sandboxes.podSandboxStatus(id, options).catch(absent);
  return sandbox && { state: sandbox.state === 'ready' ? 'started' : 'stopped', sandboxId: id };
}
