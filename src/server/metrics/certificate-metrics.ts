import type { Registry } from 'prom-client';
import { Distribution } from '../../base/distribution.ts';
import { histogramValues, registerValues } from './metric-values.ts';

const [HOUR, DAY] = [3600, 86_400];
/** Upstream's, in seconds. */
const BUCKETS = [0, HOUR / 2, ...[1, 2, 6, 12].map((n) => n * HOUR), ...[1, 2, 4, 7, 30, 90, 180, 360].map((n) => n * DAY)];

/** Upstream's metric of how long the certificates that clients come with are still good. The result is told for every request of such a client. */
export function certificateMetrics(registry: Registry): (remainingSeconds: number) => void {
  const name = 'apiserver_client_certificate_expiration_seconds';
  const help = 'Distribution of the remaining lifetime on the certificate used to authenticate a request.';
  const remaining = new Distribution(BUCKETS);
  registerValues(registry, { name, help, type: 'histogram' }, () => histogramValues(name, {}, remaining));
  return (seconds) => remaining.observe(seconds);
}
