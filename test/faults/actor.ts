import { AsyncLocalStorage } from 'node:async_hooks';
import type { Transport } from '../../src/api/transport.ts';

const current = new AsyncLocalStorage<string>();

/** Who asked for what is being done now: a controller by its name, `scheduler`, `kubelet`, `user`; `nobody` outside of any request. */
export const currentActor = (): string => current.getStore() ?? 'nobody';

let underWay = 0;

/** Requests that the API has not answered yet. */
export const requestsUnderWay = (): number => underWay;

/** Everything that comes of requests through this door is this actor's doing. */
export const doorOf = (actor: string, inner: Transport): Transport => ({
  async request(request, how) {
    underWay += 1;
    try {
      return await current.run(actor, () => inner.request(request, how));
    } finally {
      underWay -= 1;
    }
  },
  watch: (request, how) => inner.watch(request, how),
});
