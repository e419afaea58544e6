import { aborted } from '../../base/abort.ts';
import type { Component } from '../../base/component.ts';
import type { HealthCheck } from '../http/health.ts';
import type { EncryptionPlan } from './configuration-plan.ts';
import type { EncryptedStore } from './encrypted-store.ts';
import { type KmsOptions, type KmsPlugins, openKms } from './kms/kms-plugins.ts';

/** Encryption at rest by a plan that may change while the server runs. */
export interface FollowedEncryption {
  /** `kms-providers`, of the plugins of the plan that is in force; there may be none. */
  readonly check: HealthCheck;
  /** Keeps asking the plugins. */
  readonly component: Component;
  /** Puts another plan into force. Rejects when its plugins are not well within ten seconds, or within what it takes to ask them all; the old one stays then. */
  take(plan: EncryptionPlan): Promise<void>;
}

/** Upstream's: so long a new plugin has at least to become well, and so often it is asked. */
const LEAST_WAIT_MS = 10_000;
const ASK_EVERY_MS = 100;

export function followedEncryption(store: EncryptedStore, first: KmsPlugins | undefined, options: KmsOptions): FollowedEncryption {
  const { clock } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let current = first && { plugins: first, end: new AbortController() };

  function start(plugins: KmsPlugins, end: AbortController): void {
    const signal = AbortSignal.any([stopping.signal, end.signal]);
    const run = plugins
      .component(store)
      .run({ signal, ready: () => {} })
      .finally(() => running.delete(run));
    running.add(run);
  }

  return {
    check: { name: 'kms-providers', check: async () => current?.plugins.check.check() },
    component: {
      name: 'kms',
      async run({ signal, ready }) {
        if (current) start(current.plugins, current.end);
        ready();
        await aborted(signal);
        stopping.abort();
        await Promise.all(running);
      },
    },
    async take(plan) {
      const plugins = await openKms(plan, options);
      const next = plugins && { plugins, end: new AbortController() };
      if (next) start(next.plugins, next.end);
      try {
        if (plugins) await becomeWell(plugins, { clock, signal: stopping.signal });
      } catch (error) {
        next?.end.abort();
        throw error;
      }
      store.follow(plan, plugins?.providers);
      const last = current;
      current = next;
      // Whoever reads by the old plugins now may do so to the end.
      if (last) clock.timer(Math.max(last.plugins.longestWaitMs, LEAST_WAIT_MS), () => last.end.abort());
      await store.reread();
    },
  };
}

async function becomeWell(
  { check, longestWaitMs }: KmsPlugins,
  { clock, signal }: Pick<KmsOptions, 'clock'> & { signal: AbortSignal },
): Promise<void> {
  const untilMs = clock.monotonic() + Math.max(longestWaitMs, LEAST_WAIT_MS);
  for (;;) {
    try {
      return await check.check();
    } catch (error) {
      if (clock.monotonic() >= untilMs) throw error;
    }
    await clock.sleep(ASK_EVERY_MS, { signal });
  }
}
