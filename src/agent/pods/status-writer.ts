import { pods } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Pod, PodStatus } from '../../api/schema/generated/types.ts';
import { backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { statusPatch } from './status-plan.ts';

export interface StatusWriterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Writes one pod's status: one request at a time; what changes meanwhile goes out together in the next; nothing when nothing changed. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #signal: AbortSignal;
  #known: PodStatus;
  #wanted: { pod: Pod; status: PodStatus } | undefined;
  #writing: Promise<void> | undefined;

  constructor(pod: Pod, options: StatusWriterOptions, { signal }: { signal: AbortSignal }) {
    this.#options = options;
    this.#signal = signal;
    this.#known = pod.status ?? {};
  }

  /** The API's view changed by another's hand: what is not ours in it may have changed. */
  observe(pod: Pod): void {
    if (!this.#writing && pod.status) this.#known = pod.status;
  }

  update(pod: Pod, status: PodStatus): void {
    this.#wanted = { pod, status };
    if (!this.#writing) this.#begin();
  }

  /** Resolves when the last status is written, or cannot be. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #begin(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (!wanted || this.#signal.aborted) return;
    const patch = statusPatch(wanted.pod, this.#known, wanted.status);
    if (!patch) return;
    this.#writing = this.#write(wanted.pod, patch).finally(() => {
      this.#writing = undefined;
      this.#begin();
    });
  }

  async #write(pod: Pod, patch: object): Promise<void> {
    const { client, clock, log } = this.#options;
    const { name = '', namespace } = pod.metadata ?? {};
    const delays = backoff({ firstMs: 100, maxMs: 10_000 });
    while (!this.#signal.aborted) {
      try {
        const options = { namespace, subresource: 'status', signal: this.#signal };
        const written = await client.patch(pods, name, 'strategic', patch, options);
        this.#known = written.status ?? {};
        return;
      } catch (error) {
        if (this.#signal.aborted || isNotFound(error)) return;
        log.warn({ pod: `${namespace}/${name}`, error }, 'pod status could not be written');
        // A newer status takes the place of one that does not get through.
        if (this.#wanted) return;
        await clock.sleep(delays.next(), { signal: this.#signal }).catch(() => {});
      }
    }
  }
}
