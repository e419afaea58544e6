import type { Clock } from '../../../base/clock.ts';
import { type Component, runAll } from '../../../base/component.ts';
import { goAggregate } from '../../../base/go-aggregate.ts';
import type { Logger } from '../../../base/logger.ts';
import type { HealthCheck } from '../../http/health.ts';
import { type EncryptionPlan, type KmsPlan, kmsOf } from '../configuration-plan.ts';
import type { EncryptedStore } from '../encrypted-store.ts';
import type { KmsProviders } from '../providers.ts';
import { type KmsService, kmsClient } from './kms-client.ts';
import { KmsProvider } from './kms-provider.ts';

export interface KmsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly newUid: () => string;
  /** Absent: gRPC on the socket that the plan names. */
  readonly connect?: (plan: KmsPlan, clock: Clock) => KmsService;
}

/** The KMS plugins of a configuration. */
export interface KmsPlugins {
  readonly providers: KmsProviders;
  /** `kms-providers`, one for all as upstream has it. */
  readonly check: HealthCheck;
  /** Keeps asking them, and has the store read again what it could not. They are let go of when it ends. */
  component(store: EncryptedStore): Component;
  /** Longer than anybody may wait for them: twice the sum of their timeouts. */
  readonly longestWaitMs: number;
}

/** Asks each plugin once before anything is read: the server starts whatever they answer. undefined: the plan names none. */
export async function openKms(
  plan: EncryptionPlan,
  { clock, log, newUid, connect = kmsClient }: KmsOptions,
): Promise<KmsPlugins | undefined> {
  const plans = kmsOf(plan);
  if (plans.length === 0) return undefined;
  const all = plans.map((each) => new KmsProvider({ name: each.name, service: connect(each, clock), newUid, clock, log }));
  await Promise.all(
    all.map((provider) =>
      provider.check().catch((error: unknown) => log.warn({ error, kms: provider.name }, 'KMS plugin failed health check probe')),
    ),
  );
  return {
    providers: new Map(all.map((provider) => [provider.name, provider])),
    check: { name: 'kms-providers', check: () => checkAll(all) },
    longestWaitMs: 2 * plans.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0),
    component: (store) => ({
      name: 'kms',
      run: (options) =>
        runAll(
          all.map((provider) => asking(provider, store)),
          options,
        ),
    }),
  };
}

const asking = (provider: KmsProvider, store: EncryptedStore): Component => ({
  name: `kms ${provider.name}`,
  run({ signal, ready }) {
    ready();
    return provider.run({ signal, onReadable: () => store.reread() });
  },
});

/** One after the other, as upstream asks them. Rejects with what is wrong with each. */
async function checkAll(providers: readonly KmsProvider[]): Promise<void> {
  const faults: string[] = [];
  for (const [i, provider] of providers.entries()) {
    await provider.check().catch((error: unknown) => {
      faults.push(`kms-provider-${i}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  if (faults.length > 0) throw new Error(goAggregate(faults));
}
