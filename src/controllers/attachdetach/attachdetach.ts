import { createHash } from 'node:crypto';
import { claimKeyOf, claimKeysOf } from '../../api/core/volume-binding.ts';
import { nodes, persistentVolumeClaims, persistentVolumes, pods } from '../../api/index.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { AttachedVolume, Node, PersistentVolume, Pod, VolumeAttachment } from '../../api/schema/generated/types.ts';
import { csiDrivers } from '../../api/storage/csi-driver.ts';
import { volumeAttachments } from '../../api/storage/volume-attachment.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { isNews } from '../lib/news-plan.ts';
import { byClaim, POD_CLAIM_INDEX } from '../lib/pod-claims.ts';
import { messageOf } from '../lib/pod-control.ts';
import { type AttachPlan, type AttachView, attachFacts, type Failure, planAttachments, type Wanted } from './attach-plan.ts';
import { type AttachableVolume, attachableVolumes, CSI_VOLUMES, csiVolumeOf, isOver } from './attachable-plan.ts';

/** Pods that mount claims, by node. */
const USERS = 'users-on-node';
const ON_NODE = 'node';
const OF_VOLUME = 'volume';

const VERIFY_AGAIN_MS = 500;

/** The name by which CSI drivers find their attachments. */
const attachmentName = (handle: string, driver: string, nodeName: string): string =>
  `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;

const nameFor = ({ handle, driver }: AttachableVolume, nodeName: string) => attachmentName(handle, driver, nodeName);

/** What the controller knows beyond the API. Volumes of nodes by `placeOf`. */
interface Memory {
  readonly unneededSinceMs: Map<string, number>;
  /** What pods were told of a volume that does not come. */
  readonly told: Map<string, string>;
  /** Attachments by name that were made and are perhaps not in the informer yet: another node must not get the volume meanwhile. */
  readonly made: Map<string, { readonly uniqueName: string; readonly nodeName: string }>;
}

const placeOf = (nodeName: string, uniqueName: string): string => `${nodeName} ${uniqueName}`;

/**
 * Attaches the volumes of CSI drivers to the nodes whose pods need them, and detaches them when they are unmounted (Kubernetes, attach/detach controller). It
 * writes VolumeAttachments, which drivers carry out, and tells nodes in their status what they may mount.
 */
export function attachDetach(): Controller {
  const memory: Memory = { unneededSinceMs: new Map(), told: new Map(), made: new Map() };
  return {
    name: 'attachdetach',
    eventSource: 'attachdetach-controller',
    reads: [
      'nodes',
      'volumeattachments.storage.k8s.io',
      'pods',
      'persistentvolumeclaims',
      'persistentvolumes',
      'csidrivers.storage.k8s.io',
    ],
    writes: ['volumeattachments.storage.k8s.io', 'nodes/status'],
    // One node after the other: two must not decide about one volume at the same time.
    workers: 1,
    indexes: {
      pods: { ...byClaim, [USERS]: (pod: Pod) => (pod.spec?.nodeName && claimKeysOf(pod).length > 0 ? [pod.spec.nodeName] : []) },
      'volumeattachments.storage.k8s.io': {
        [ON_NODE]: ({ spec }: VolumeAttachment) => [spec.nodeName],
        [OF_VOLUME]: ({ spec }: VolumeAttachment) => (spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : []),
      },
    },
    enqueue: {
      nodes: (node, _, other) => (isNews(attachFacts, node, other) ? [objectKey(node)] : []),
      pods: (pod) => nodesOf([pod as Pod]),
      persistentvolumeclaims: (claim, { informer }) => nodesOf(informer(pods).by(POD_CLAIM_INDEX, objectKey(claim))),
      persistentvolumes: (volume, context) => [...nodesOfVolume(volume as PersistentVolume, context), ...attachedTo(volume, context)],
      'volumeattachments.storage.k8s.io': (attachment, context) => {
        const { nodeName, source } = (attachment as VolumeAttachment).spec;
        const volume = context.informer(persistentVolumes).get(source.persistentVolumeName ?? '');
        return [nodeName, ...(volume ? nodesOfVolume(volume, context) : [])];
      },
      'csidrivers.storage.k8s.io': (_, { informer }) => informer(nodes).list().map(objectKey),
    },
    reconcile: (request) => reconcile(request, memory),
  };
}

const nodesOf = (users: readonly Pod[]): string[] =>
  users.flatMap((pod) => (pod.spec?.nodeName && claimKeysOf(pod).length > 0 ? [pod.spec.nodeName] : []));

const nodesOfVolume = (volume: PersistentVolume, { informer }: ControllerContext): string[] =>
  nodesOf(informer(pods).by(POD_CLAIM_INDEX, claimKeyOf(volume) ?? ''));

const attachedTo = (volume: KubeObject, { informer }: ControllerContext): string[] =>
  informer(volumeAttachments)
    .by(OF_VOLUME, volume.metadata?.name ?? '')
    .map(({ spec }) => spec.nodeName);

async function reconcile(request: ReconcileRequest, memory: Memory) {
  const { key: nodeName, clock } = request;
  const view = await observe(request, memory);
  const plan = planAttachments(view);
  keepInMind(plan, nodeName, memory, clock.monotonic());
  tell(plan.failures, nodeName, memory, request);
  if (plan.report && !(await report(plan.report, plan, request))) return undefined;
  let isRefused = false;
  for (const { attachment, uniqueName, isVerified } of plan.detach) {
    if (isVerified && (await isMounted(uniqueName, request))) isRefused = true;
    else await detach(attachment, request);
  }
  for (const volume of plan.attach) await attach(volume, view.wanted, memory, request);
  if (isRefused) return { afterMs: VERIFY_AGAIN_MS };
  return plan.afterMs === undefined ? undefined : { afterMs: plan.afterMs };
}

async function observe(request: ReconcileRequest, memory: Memory): Promise<AttachView> {
  const { informer, key: nodeName, clock } = request;
  const wanted = wantedOn(nodeName, request);
  const attachments = attachmentsOn(nodeName, request);
  const missing = wanted.filter(({ volume }) => volume.isExclusive && !attachments.has(volume.uniqueName));
  const elsewhere = new Map<string, readonly string[]>();
  for (const { volume } of missing) elsewhere.set(volume.uniqueName, await otherNodes(volume, memory, request));
  return {
    node: informer(nodes).get(nodeName),
    wanted,
    attachments,
    elsewhere: ({ uniqueName }) => elsewhere.get(uniqueName) ?? [],
    usersOn: ({ uniqueName }, names) =>
      names.flatMap((name) => wantedOn(name, request).find(({ volume }) => volume.uniqueName === uniqueName)?.pods ?? []),
    unneededForMs(uniqueName) {
      const nowMs = clock.monotonic();
      return nowMs - (memory.unneededSinceMs.get(placeOf(nodeName, uniqueName)) ?? nowMs);
    },
    nowMs: clock.now(),
  };
}

/** The volumes that pods on the node need, each once. */
function wantedOn(nodeName: string, { informer }: ControllerContext): Wanted[] {
  const view = {
    claim: (key: string) => informer(persistentVolumeClaims).get(key),
    volume: (name: string) => informer(persistentVolumes).get(name),
    driver: (name: string) => informer(csiDrivers).get(name),
  };
  const found = new Map<string, { volume: AttachableVolume; pods: Pod[] }>();
  for (const pod of informer(pods).by(USERS, nodeName)) {
    if (isOver(pod)) continue;
    for (const volume of attachableVolumes(pod, view)) {
      const known = found.get(volume.uniqueName);
      if (known) known.pods.push(pod);
      else found.set(volume.uniqueName, { volume, pods: [pod] });
    }
  }
  return [...found.values()];
}

/** Those that bear the name that this controller gives; others are somebody else's. A volume that is gone is found by what the node says. */
function attachmentsOn(nodeName: string, { informer }: ControllerContext): Map<string, VolumeAttachment> {
  const found = new Map<string, VolumeAttachment>();
  const said = informer(nodes).get(nodeName)?.status?.volumesAttached ?? [];
  const byName = new Map(said.map(({ name }) => [nameOfUnique(name, nodeName), name]));
  for (const attachment of informer(volumeAttachments).by(ON_NODE, nodeName)) {
    const volume = informer(persistentVolumes).get(attachment.spec.source.persistentVolumeName ?? '');
    const csi = volume && csiVolumeOf(volume);
    const name = attachment.metadata?.name ?? '';
    const uniqueName = csi && nameFor(csi, nodeName) === name ? csi.uniqueName : byName.get(name);
    if (uniqueName) found.set(uniqueName, attachment);
  }
  return found;
}

/** The attachment that a volume of this unique name has on the node. */
function nameOfUnique(uniqueName: string, nodeName: string): string {
  const [driver = '', handle = ''] = uniqueName.slice(CSI_VOLUMES.length).split('^');
  return attachmentName(handle, driver, nodeName);
}

/** Where else the volume is, or is about to be. */
async function otherNodes(volume: AttachableVolume, { made }: Memory, request: ReconcileRequest): Promise<readonly string[]> {
  const { informer, client, key: nodeName, signal } = request;
  const found = new Set<string>();
  for (const { metadata, spec } of informer(volumeAttachments).by(OF_VOLUME, volume.name)) {
    if (spec.nodeName !== nodeName && metadata?.name === nameFor(volume, spec.nodeName)) found.add(spec.nodeName);
  }
  for (const [name, one] of made) {
    if (informer(volumeAttachments).get(name)) made.delete(name);
    else if (one.uniqueName === volume.uniqueName && one.nodeName !== nodeName) {
      const isThere = await client.get(volumeAttachments, name, { signal }).then(() => true, ignoreMissing);
      if (isThere) found.add(one.nodeName);
      else made.delete(name);
    }
  }
  return [...found].toSorted();
}

function ignoreMissing(error: unknown): false {
  if (!isNotFound(error)) throw error;
  return false;
}

function keepInMind({ unneeded, failures }: AttachPlan, nodeName: string, { unneededSinceMs, told }: Memory, nowMs: number): void {
  const current = new Set(unneeded.map((name) => placeOf(nodeName, name)));
  for (const place of current) if (!unneededSinceMs.has(place)) unneededSinceMs.set(place, nowMs);
  for (const place of ofNode(unneededSinceMs, nodeName)) if (!current.has(place)) unneededSinceMs.delete(place);
  const failing = new Set(failures.map(({ uniqueName }) => placeOf(nodeName, uniqueName)));
  for (const place of ofNode(told, nodeName)) if (!failing.has(place)) told.delete(place);
}

const ofNode = (places: ReadonlyMap<string, unknown>, nodeName: string): string[] =>
  [...places.keys()].filter((place) => place.startsWith(`${nodeName} `));

function tell(failures: readonly Failure[], nodeName: string, { told }: Memory, { event }: ReconcileRequest): void {
  for (const { uniqueName, once, events } of failures) {
    const place = placeOf(nodeName, uniqueName);
    if (told.get(place) === once) continue;
    told.set(place, once);
    for (const { pod, message } of events) event(pod, 'Warning', 'FailedAttachVolume', message);
  }
}

/** False: the node is gone. */
async function report(volumesAttached: readonly AttachedVolume[], { attached }: AttachPlan, request: ReconcileRequest): Promise<boolean> {
  const { client, event, key: nodeName, signal } = request;
  const status = { volumesAttached: volumesAttached.length > 0 ? volumesAttached : null };
  try {
    await client.patch(nodes, nodeName, 'merge', { status }, { subresource: 'status', signal });
  } catch (error) {
    return ignoreMissing(error);
  }
  for (const { pod, message } of attached) event(pod, 'Normal', 'SuccessfulAttachVolume', message);
  return true;
}

/** Asks the API itself: the node may have begun to mount while it read that it could. */
async function isMounted(uniqueName: string, { client, key: nodeName, signal }: ReconcileRequest): Promise<boolean> {
  const node: Node | undefined = await client.get(nodes, nodeName, { signal }).catch((error: unknown) => {
    ignoreMissing(error);
    return undefined;
  });
  return node?.status?.volumesInUse?.includes(uniqueName) ?? false;
}

async function detach({ metadata }: VolumeAttachment, { client, signal }: ReconcileRequest): Promise<void> {
  const { name = '', uid } = metadata ?? {};
  await client.delete(volumeAttachments, name, { delete: { preconditions: { uid } }, signal }).catch(ignoreMissing);
}

async function attach(volume: AttachableVolume, wanted: readonly Wanted[], { made }: Memory, request: ReconcileRequest): Promise<void> {
  const { client, event, key: nodeName, signal } = request;
  const name = nameFor(volume, nodeName);
  const spec = { attacher: volume.driver, nodeName, source: { persistentVolumeName: volume.name } };
  made.set(name, { uniqueName: volume.uniqueName, nodeName });
  try {
    const body = { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name }, spec };
    await client.create(volumeAttachments, body, { signal });
  } catch (error) {
    if (isAlreadyExists(error)) return;
    const message = `AttachVolume.Attach failed for volume "${volume.name}" : ${messageOf(error)}`;
    const users = wanted.find((one) => one.volume === volume)?.pods ?? [];
    for (const pod of users) event(pod, 'Warning', 'FailedAttachVolume', message);
    throw error;
  }
}
