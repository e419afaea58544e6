import { CLEANUP_FINALIZER } from '../../api/apiextensions/crd-conditions.ts';
import { customResourceDefinitions } from '../../api/apiextensions/custom-resource-definition.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import { backoff } from '../../base/backoff.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import { createNotifier } from '../../base/notifier.ts';
import { copyJson } from '../registry/copy.ts';
import { cleanUp } from './clean-up.ts';
import { CRDS, type CustomResourcesOptions, SERVER } from './crds.ts';
import { planStatus } from './names-plan.ts';

const RETRY = { firstMs: 50, maxMs: 10_000 };

/**
 * Serves what CustomResourceDefinitions ask for: accepts their names, serves their kinds, and when one is deleted removes its instances first. Ready when all that are stored
 * are served. Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions".
 */
export function customResources(options: CustomResourcesOptions): Component {
  return { name: 'custom resources', run: (run) => new CustomResourceLoop(options).run(run) };
}

class CustomResourceLoop {
  readonly #options: CustomResourcesOptions;
  readonly #changed = createNotifier();
  readonly #cleaning = new Map<string, Promise<void>>();

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
  }

  async run({ signal, ready }: { signal: AbortSignal; ready: () => void }): Promise<void> {
    const { objects, log, clock } = this.#options;
    const pause = backoff(RETRY);
    using _subscription = objects.onChange(CRDS, () => this.#changed.notify());
    while (!signal.aborted) {
      try {
        await this.#pass(signal);
        ready();
        pause.reset();
        await this.#changed.wait({ signal });
      } catch (error) {
        if (isAbort(error, signal)) break;
        log.warn({ error: error instanceof Error ? error.message : String(error) }, 'custom resources are behind, will retry');
        await clock.sleep(pause.next(), { signal }).catch(() => {});
      }
    }
    await Promise.all(this.#cleaning.values());
  }

  /** One look at all definitions. A status is written after it came true, so that nobody is told of what is not served yet. */
  async #pass(signal: AbortSignal): Promise<void> {
    const { objects, clock, deps } = this.#options;
    const crds = [...objects.list<CustomResourceDefinition>(CRDS)].sort(byAge);
    const planned: CustomResourceDefinition[] = [];
    for (const [i, crd] of crds.entries()) {
      const status = planStatus(crd, [...crds.slice(0, i), ...crds.slice(i + 1)], rfc3339(clock.now()));
      if (!status) continue;
      const next = { ...crd, status };
      crds[i] = next;
      planned.push(next);
    }
    await deps.resources.serve(crds);
    for (const crd of planned) await this.#writeStatus(crd, signal);
    for (const crd of crds) this.#cleanUp(crd, signal);
  }

  async #writeStatus(crd: CustomResourceDefinition, signal: AbortSignal): Promise<void> {
    const { group, version, plural } = customResourceDefinitions;
    const target = { group, version, resource: plural, name: crd.metadata?.name, subresource: 'status' };
    try {
      await this.#options.registry.answer(
        { ...target, verb: 'update', body: copyJson(crd) },
        { user: SERVER, userAgent: 'kube-apiserver', signal, warn() {} },
      );
    } catch (error) {
      // Changed or gone in the meantime: the change wakes the loop again.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  #cleanUp(crd: CustomResourceDefinition, signal: AbortSignal): void {
    const { uid = '', deletionTimestamp, finalizers } = crd.metadata ?? {};
    if (!deletionTimestamp || !finalizers?.includes(CLEANUP_FINALIZER) || this.#cleaning.has(uid)) return;
    const work = cleanUp(crd, { ...this.#options, signal }).finally(() => {
      this.#cleaning.delete(uid);
      this.#changed.notify();
    });
    this.#cleaning.set(uid, work);
  }
}

/** Whoever was there first has the names. */
function byAge(a: CustomResourceDefinition, b: CustomResourceDefinition): number {
  const key = ({ metadata }: CustomResourceDefinition) => `${metadata?.creationTimestamp} ${metadata?.name}`;
  return key(a) < key(b) ? -1 : 1;
}
