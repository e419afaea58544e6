import type { VolumeAttachment } from '../../src/api/schema/generated/types.ts';
import { volumeAttachments } from '../../src/api/storage/volume-attachment.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Client } from '../../src/client/client.ts';
import type { Dice } from './dice.ts';
import type { Truth, Write } from './truth.ts';

export const ATTACHMENTS = 'volumeattachments.storage.k8s.io';
const FINALIZER = 'external-attacher/disk';

export interface FakeAttacherOptions {
  readonly client: Client;
  readonly truth: Truth;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly signal: AbortSignal;
  /** Does a machine that is heard of use the volume at this moment? */
  readonly isMounted: (node: string, volume: string) => boolean;
  readonly broken: (what: string) => void;
}

/** A storage that attaches and detaches what it is asked to, each in its time, and knows what is where. */
export class FakeAttacher {
  readonly #options: FakeAttacherOptions;
  /** Volume -> the nodes that have it. */
  readonly #places = new Map<string, Set<string>>();

  constructor(options: FakeAttacherOptions) {
    this.#options = options;
    options.truth.onWrite((write) => this.#see(write));
  }

  #see({ resource, key, before, after }: Write): void {
    if (resource !== ATTACHMENTS) return;
    const { clock, dice, isMounted, broken } = this.#options;
    const { nodeName, source } = ((after ?? before) as VolumeAttachment).spec;
    const isAsked = !before?.metadata?.deletionTimestamp && (!after || after.metadata?.deletionTimestamp);
    if (isAsked && isMounted(nodeName, source.persistentVolumeName ?? ''))
      broken(`${source.persistentVolumeName} is taken from ${nodeName}, which uses it`);
    if (after) clock.timer(dice.between(100, 3_000), () => void this.#carryOut(key));
  }

  async #carryOut(name: string): Promise<void> {
    const { truth, clock, signal } = this.#options;
    const now = truth.get<VolumeAttachment>(ATTACHMENTS, name);
    if (!now || signal.aborted) return;
    try {
      if (now.metadata?.deletionTimestamp) await this.#detach(now);
      else if (!now.status?.attached) await this.#attach(now);
    } catch {
      clock.timer(1_000, () => void this.#carryOut(name));
    }
  }

  /** Its finalizer first: what is attached must not be forgotten. */
  async #attach(attachment: VolumeAttachment): Promise<void> {
    const { client, signal, broken } = this.#options;
    const { name = '', uid } = attachment.metadata ?? {};
    const { nodeName, source } = attachment.spec;
    await client.patch(volumeAttachments, name, 'merge', { metadata: { uid, finalizers: [FINALIZER] } }, { signal });
    const nodes = this.#places.get(source.persistentVolumeName ?? '') ?? new Set();
    this.#places.set(source.persistentVolumeName ?? '', nodes.add(nodeName));
    if (nodes.size > 1) broken(`${source.persistentVolumeName} is attached to ${[...nodes].join(' and ')}`);
    const body = { metadata: { uid }, status: { attached: true } };
    await client.patch(volumeAttachments, name, 'merge', body, { subresource: 'status', signal });
  }

  async #detach({ metadata, spec }: VolumeAttachment): Promise<void> {
    const { client, signal } = this.#options;
    this.#places.get(spec.source.persistentVolumeName ?? '')?.delete(spec.nodeName);
    const body = { metadata: { uid: metadata?.uid, finalizers: null } };
    await client.patch(volumeAttachments, metadata?.name ?? '', 'merge', body, { signal });
  }
}
