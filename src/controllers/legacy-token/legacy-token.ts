import { configMaps, pods, secrets, serviceAccounts } from '../../api/index.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { accountTokens } from '../lib/secret-scopes.ts';
import { dayOf, INVALID_SINCE, planLegacyToken, planTracking, TRACKING, trackedSinceMs } from './legacy-token-plan.ts';

const TRACKING_KEY = `${TRACKING.namespace}/${TRACKING.name}`;
/** Labels are days. */
const LOOK_EVERY_MS = 86_400_000;
/** Somebody who deletes the ConfigMap again and again makes no hot loop. */
const RECREATE_AFTER_MS = 30 * 60_000;

/** Says in a ConfigMap since when the API server notes which tokens in Secrets are used. */
export function legacyTokenTracking(): Controller {
  let createdMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'legacy-token-tracking',
    reads: ['configmaps'],
    writes: ['configmaps'],
    scopes: { configmaps: { namespace: TRACKING.namespace } },
    // The namespace has others from its first moment, so that this one is missed at once.
    enqueue: { configmaps: () => [TRACKING_KEY] },
    async reconcile({ key, informer, client, clock, signal }) {
      const existing = informer(configMaps).get(key);
      const data = planTracking(existing, clock.now());
      if (!data) return undefined;
      const options = { namespace: TRACKING.namespace, signal };
      if (existing) {
        await client.update(configMaps, { ...existing, data }, options).catch(unlessChanged);
        return undefined;
      }
      const waitMs = createdMs + RECREATE_AFTER_MS - clock.monotonic();
      if (waitMs > 0) return { afterMs: waitMs };
      await client.create(configMaps, { metadata: { ...TRACKING }, data }, options).catch(unlessChanged);
      createdMs = clock.monotonic();
      return undefined;
    },
  };
}

/** Invalidates and deletes generated service account tokens that nobody uses. */
export const legacyTokenCleaner: Controller = {
  name: 'legacy-serviceaccount-token-cleaner',
  reads: ['secrets', 'serviceaccounts', 'pods', 'configmaps'],
  writes: ['secrets'],
  workers: 1,
  scopes: { secrets: accountTokens, configmaps: { namespace: TRACKING.namespace } },
  enqueue: {
    serviceaccounts: () => [],
    pods: () => [],
    configmaps: (configMap, { informer }) => (objectKey(configMap) === TRACKING_KEY ? informer(secrets).list().map(objectKey) : []),
  },
  async reconcile({ key, informer, client, clock, log, signal }) {
    const secret = informer(secrets).get(key);
    if (!secret) return undefined;
    const { namespace = '', name = '', uid, resourceVersion, annotations = {} } = secret.metadata ?? {};
    const account = informer(serviceAccounts).get(`${namespace}/${annotations['kubernetes.io/service-account.name']}`);
    const since = trackedSinceMs(informer(configMaps).get(TRACKING_KEY));
    const state = { secret, account, pods: () => informer(pods).by('namespace', namespace), trackedSinceMs: since };
    const verdict = planLegacyToken(state, clock.now());
    if (verdict === 'keep') return { afterMs: LOOK_EVERY_MS };
    log.info({ secret: key, verdict }, 'a service account token was not used for a year');
    if (verdict === 'delete') {
      const preconditions = { uid, resourceVersion };
      await client.delete(secrets, name, { namespace, delete: { preconditions }, signal }).catch(unlessChanged);
      return undefined;
    }
    const patch = { metadata: { uid, labels: { [INVALID_SINCE]: dayOf(clock.now()) } } };
    await client.patch(secrets, name, 'merge', patch, { namespace, signal }).catch(unlessChanged);
    return { afterMs: LOOK_EVERY_MS };
  },
};

function unlessChanged(error: unknown): void {
  if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
}
