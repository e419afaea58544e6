import type { AttachedVolume, Node, Pod, VolumeAttachment } from '../../api/schema/generated/types.ts';
import { type AttachableVolume, CSI_VOLUMES } from './attachable-plan.ts';

/** A node that does not say that a volume is unmounted gets this long, once nobody needs the volume there. */
export const UNMOUNT_MS = 6 * 60_000;
/** How long a driver may take to attach before that is told, each time anew. */
export const ATTACH_MS = 2 * 60_000;

const MANAGED = 'volumes.kubernetes.io/controller-managed-attach-detach';
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

export interface Wanted {
  readonly volume: AttachableVolume;
  /** The pods on this node that need it. At least one. */
  readonly pods: readonly Pod[];
}

export interface AttachView {
  /** undefined: there is none of the name any more. */
  readonly node: Node | undefined;
  readonly wanted: readonly Wanted[];
  /** The node's attachments that this controller made, by the unique names of their volumes. */
  readonly attachments: ReadonlyMap<string, VolumeAttachment>;
  /** The other nodes that the volume is attached to, or may be. */
  readonly elsewhere: (volume: AttachableVolume) => readonly string[];
  /** The pods on those nodes that need it. */
  readonly usersOn: (volume: AttachableVolume, nodes: readonly string[]) => readonly Pod[];
  /** For how long nobody has needed the volume on the node. */
  readonly unneededForMs: (uniqueName: string) => number;
  /** Wall time. */
  readonly nowMs: number;
}

export interface Told {
  readonly pod: Pod;
  readonly message: string;
}

export interface Failure {
  readonly uniqueName: string;
  /** What was told once needs not be told again. */
  readonly once: string;
  readonly events: readonly Told[];
}

export interface AttachPlan {
  /** status.volumesAttached as it should be; undefined when it is. */
  readonly report: readonly AttachedVolume[] | undefined;
  readonly attached: readonly Told[];
  readonly failures: readonly Failure[];
  /** `isVerified`: the node is to be asked once more whether it uses the volume. */
  readonly detach: readonly { readonly attachment: VolumeAttachment; readonly uniqueName: string; readonly isVerified: boolean }[];
  readonly attach: readonly AttachableVolume[];
  /** Volumes that are attached and that nobody needs. */
  readonly unneeded: readonly string[];
  readonly afterMs: number | undefined;
}

const isManaged = ({ metadata }: Node): boolean => metadata?.annotations?.[MANAGED] !== undefined;
const isLost = ({ spec }: Node): boolean => spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false;
const isReady = ({ status }: Node): boolean => status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;

/** What of a node matters here. */
export const attachFacts = (node: Node): string =>
  JSON.stringify([isManaged(node), isLost(node), isReady(node), node.status?.volumesInUse ?? [], node.status?.volumesAttached ?? []]);

const told = (prefix: string, { volume, pods }: Wanted, suffix = ''): Told[] =>
  pods.map((pod) => ({ pod, message: `${prefix} for volume "${volume.name}" ${suffix}` }));

/** What is to be done about the volumes of one node (Kubernetes, pkg/controller/volume/attachdetach). Volumes leave before others come. */
export function planAttachments(view: AttachView): AttachPlan {
  const { node, wanted, attachments } = view;
  const needed = new Set(wanted.map(({ volume }) => volume.uniqueName));
  const unneeded = [...attachments].filter(([name, { metadata }]) => !needed.has(name) && !metadata?.deletionTimestamp);
  const decided = unneeded.map(([uniqueName, attachment]) => ({ uniqueName, attachment, ...mayDetach(uniqueName, view) }));
  const outcomes = node && isManaged(node) ? wanted.map((one) => outcomeOf(one, view)) : [];
  const detach = decided.filter(({ may }) => may);
  const leaving = new Set(detach.map(({ uniqueName }) => uniqueName));
  const report = node && reported(node, attachments, leaving);
  const known = new Set((node?.status?.volumesAttached ?? []).map(({ name }) => name));
  const news = wanted.filter(({ volume }) => isAttached(attachments.get(volume.uniqueName)) && !known.has(volume.uniqueName));
  const waits = [...decided, ...outcomes].flatMap(({ afterMs }) => (afterMs === undefined ? [] : [afterMs]));
  return {
    report,
    attached: node ? news.flatMap((one) => told('AttachVolume.Attach succeeded', one)) : [],
    failures: outcomes.flatMap(({ failure }) => failure ?? []),
    detach: detach.map(({ attachment, uniqueName, isVerified }) => ({ attachment, uniqueName, isVerified })),
    attach: outcomes.flatMap(({ attach }) => attach ?? []),
    unneeded: unneeded.map(([uniqueName]) => uniqueName),
    afterMs: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

const isAttached = (attachment: VolumeAttachment | undefined): boolean =>
  attachment?.status?.attached === true && !attachment.metadata?.deletionTimestamp;

/** A mounted volume stays, unless the node is declared lost, or was silent for too long. */
function mayDetach(uniqueName: string, { node, unneededForMs }: AttachView) {
  const waitedMs = unneededForMs(uniqueName);
  const isOverdue = waitedMs > UNMOUNT_MS;
  const isMounted = node?.status?.volumesInUse?.includes(uniqueName) ?? false;
  const isDeclaredLost = node !== undefined && isLost(node);
  const may = !node || !isMounted || isDeclaredLost || (isOverdue && !isReady(node));
  // Past its time nothing but the node's own word, or its becoming unready, changes anything.
  return { may, isVerified: !isDeclaredLost && !isOverdue, afterMs: may || isOverdue ? undefined : UNMOUNT_MS - waitedMs + 1 };
}

interface Outcome {
  readonly failure?: Failure;
  readonly attach?: AttachableVolume;
  readonly afterMs?: number;
}

function outcomeOf(one: Wanted, view: AttachView): Outcome {
  const { volume } = one;
  const attachment = view.attachments.get(volume.uniqueName);
  if (!attachment) return beginning(one, view);
  const failed = (why: string, once: string): Outcome => ({
    failure: { uniqueName: volume.uniqueName, once, events: told('AttachVolume.Attach failed', one, `: ${why}`) },
  });
  if (attachment.metadata?.deletionTimestamp) return failed('volume attachment is being deleted', 'going');
  if (attachment.status?.attached) return {};
  const { attachError } = attachment.status ?? {};
  if (attachError) return failed(attachError.message ?? '', `error ${attachError.time} ${attachError.message}`);
  const waitedMs = Math.max(0, view.nowMs - Date.parse(attachment.metadata?.creationTimestamp ?? ''));
  const times = Math.floor(waitedMs / ATTACH_MS);
  const afterMs = (times + 1) * ATTACH_MS - waitedMs;
  const late = `timed out waiting for external-attacher of ${volume.driver} CSI driver to attach volume ${volume.handle}`;
  return times > 0 ? { ...failed(late, `late ${times}`), afterMs } : { afterMs };
}

function beginning(one: Wanted, view: AttachView): Outcome {
  const { volume } = one;
  const others = volume.isExclusive ? view.elsewhere(volume) : [];
  if (others.length === 0) return { attach: volume };
  const users = view.usersOn(volume, others);
  const events = one.pods.map((pod) => ({ pod, message: `Multi-Attach error for volume "${volume.name}" ${whoUses(users, pod)}` }));
  return { failure: { uniqueName: volume.uniqueName, once: 'taken', events } };
}

/** Users of one namespace see no names of pods of others. */
function whoUses(users: readonly Pod[], { metadata }: Pod): string {
  if (users.length === 0) return "Volume is already exclusively attached to one node and can't be attached to another";
  const near = users.filter((user) => user.metadata?.namespace === metadata?.namespace).map((user) => user.metadata?.name);
  const far = users.length - near.length;
  if (near.length === 0) return `Volume is already used by ${far} pod(s) in different namespaces`;
  return `Volume is already used by pod(s) ${near.join(', ')}${far > 0 ? ` and ${far} pod(s) in different namespaces` : ''}`;
}

/** What the node may mount. Volumes of others than CSI drivers are not this controller's. */
function reported(
  { status }: Node,
  attachments: AttachView['attachments'],
  leaving: ReadonlySet<string>,
): readonly AttachedVolume[] | undefined {
  const before = status?.volumesAttached ?? [];
  const isRight = (name: string) => !name.startsWith(CSI_VOLUMES) || (isAttached(attachments.get(name)) && !leaving.has(name));
  const kept = before.filter(({ name }) => isRight(name));
  const known = new Set(kept.map(({ name }) => name));
  const added = [...attachments.keys()].filter((name) => isRight(name) && !known.has(name)).toSorted();
  if (kept.length === before.length && added.length === 0) return undefined;
  return [...kept, ...added.map((name) => ({ name, devicePath: '' }))];
}
