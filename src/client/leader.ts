import { leases } from '../api/coordination/lease.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/meta/status.ts';
import type { Lease, LeaseSpec } from '../api/schema/generated/types.ts';
import { isAbort } from '../base/abort.ts';
import { type Clock, rfc3339Micro } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';

/** Upstream's defaults (component-base, LeaderElectionConfiguration). */
const LEASE_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
/** Where nobody else can lead, whoever looks at the lease is to see that it is held, and no more. */
const SOLE_RENEWAL_MS = 10_000;

export interface LeaderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who we are: unique among the candidates. */
  readonly identity: string;
  readonly namespace: string;
  readonly name: string;
  /** Nobody else can be a candidate: leads at once, whoever the lease names (a server that was killed), and renews it less often. */
  readonly sole?: boolean;
  /** Told of the lease when we begin to lead. */
  readonly event?: (about: KubeObject, type: 'Normal', reason: string, message: string) => void;
  /** Told whether we lead: at the start, and whenever it changes. */
  readonly leading?: (name: string, leads: boolean) => void;
  /** Runs while we hold the lease; its signal aborts when we lose it. Started anew at each election. */
  readonly lead: Component;
}

/**
 * Runs a component on one candidate at a time, by a coordination.k8s.io Lease. A holder that cannot renew for 10 s stops leading
 * before anybody else may take over (15 s after the last renewal as the others saw it, on their own clocks). Ready when its component is, or when
 * somebody else leads.
 */
export function leaderElection(options: LeaderOptions): Component {
  return {
    name: `leader election ${options.namespace}/${options.name}`,
    async run({ signal, ready }) {
      const candidate = new Candidate(options);
      options.leading?.(options.name, false);
      try {
        while (!signal.aborted) {
          if (options.sole || (await candidate.tryHold(signal))) await lead(candidate, options, { signal, ready });
          else ready();
          await options.clock.sleep(RETRY_MS, { signal });
        }
      } catch (error) {
        if (!isAbort(error, signal)) throw error;
      }
    },
  };
}

async function lead(
  candidate: Candidate,
  { clock, log, lead: component, identity, name, sole, leading }: LeaderOptions,
  { signal, ready }: { signal: AbortSignal; ready: () => void },
): Promise<void> {
  const term = new AbortController();
  const either = AbortSignal.any([signal, term.signal]);
  log.info({ identity, lease: name }, 'became leader');
  leading?.(name, true);
  const work = component.run({ signal: either, ready }).finally(() => term.abort());
  const renewal = (sole ? announce(candidate, clock, either) : keep(candidate, clock, either)).finally(() => term.abort());
  await Promise.allSettled([work, renewal]);
  log.info({ identity, lease: name }, 'stopped leading');
  leading?.(name, false);
  if (signal.aborted) await candidate.release();
  await work;
}

/** Keeps the lease in our name for those who look at it. Leading does not depend on it. */
async function announce(candidate: Candidate, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const isHeld = await candidate.tryHold(signal);
    await clock.sleep(isHeld ? SOLE_RENEWAL_MS : RETRY_MS, { signal });
  }
}

/** Settles when the lease could not be renewed in time, or the term is over. */
async function keep(candidate: Candidate, clock: Clock, signal: AbortSignal): Promise<void> {
  let renewedMs = clock.monotonic();
  while (!signal.aborted && clock.monotonic() - renewedMs < RENEW_DEADLINE_MS) {
    await clock.sleep(RETRY_MS, { signal });
    if (await candidate.tryHold(signal)) renewedMs = clock.monotonic();
  }
}

class Candidate {
  readonly #options: LeaderOptions;
  /** The others' lease counts from when we saw it change: clocks of machines differ. */
  #seen: { readonly record: string; readonly atMs: number } | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  /** Takes or renews the lease. False: somebody else has it, or the API did not answer. */
  async tryHold(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, log } = this.#options;
    try {
      const lease = await client.get(leases, name, { namespace, signal });
      if (this.#isTaken(lease)) return false;
      const held = await client.update(leases, { ...lease, spec: this.#spec(lease.spec) }, { namespace, signal });
      if (lease.spec?.holderIdentity !== identity) this.#tell(held);
      return true;
    } catch (error) {
      if (isNotFound(error)) return this.#create(signal);
      if (!signal.aborted && !isConflict(error)) log.warn({ error: String(error) }, 'lease not renewed');
      return false;
    }
  }

  /** Lets the next one start at once. */
  async release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    const signal = AbortSignal.timeout(2_000);
    try {
      const lease = await client.get(leases, name, { namespace, signal });
      if (lease.spec?.holderIdentity !== identity) return;
      await client.update(
        leases,
        { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } },
        { namespace, signal },
      );
    } catch {
      // The lease runs out by itself.
    }
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, log } = this.#options;
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
      spec: this.#spec(undefined),
    };
    try {
      this.#tell(await client.create(leases, lease, { namespace, signal }));
      return true;
    } catch (error) {
      if (!signal.aborted && !isAlreadyExists(error)) log.warn({ error: String(error) }, 'lease not created');
      return false;
    }
  }

  #tell(lease: Lease): void {
    const { event, identity } = this.#options;
    event?.({ ...lease, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }, 'Normal', 'LeaderElection', `${identity} became leader`);
  }

  #isTaken({ spec }: Lease): boolean {
    if (this.#options.sole) return false;
    if (!spec?.holderIdentity || spec.holderIdentity === this.#options.identity) return false;
    const nowMs = this.#options.clock.monotonic();
    const record = `${spec.holderIdentity} ${spec.renewTime} ${spec.leaseTransitions}`;
    if (this.#seen?.record !== record) this.#seen = { record, atMs: nowMs };
    return nowMs - this.#seen.atMs < (spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
  }

  #spec(old: LeaseSpec | undefined): LeaseSpec {
    const { identity, clock } = this.#options;
    const now = rfc3339Micro(clock.now());
    const isMine = old?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: isMine ? old.acquireTime : now,
      renewTime: now,
      leaseTransitions: (old?.leaseTransitions ?? 0) + (old && !isMine ? 1 : 0),
    };
  }
}
