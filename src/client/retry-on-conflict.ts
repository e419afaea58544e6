import { isConflict } from '../api/meta/status.ts';

/** Others write to the same object. Upstream's client tries as often (retry.DefaultRetry). */
const ATTEMPTS = 5;

/** Does the work, which reads the object and writes it, again while somebody else writes in between. Rejects with what the last attempt was refused for. */
export async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
    }
  }
}
