import type { ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import type { StatsPages } from '../stats/stats-pages.ts';
import { answerLogs } from './container-logs.ts';
import { HttpError } from './http-error.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';
import type { PodDirectory } from './pod-directory.ts';
import { parseStreamPath } from './runtime-stream.ts';

export interface KubeletRoutesOptions {
  readonly directory: PodDirectory;
  readonly metrics: Pick<KubeletMetrics, 'page' | 'slis'>;
  /** Text in Prometheus' format, for /metrics/probes. */
  readonly probes: () => string;
  readonly stats: StatsPages;
  readonly clock: Clock;
}

/** Answers a request that may be answered. Rejects with HttpError or RuntimeError. */
export type KubeletRoutes = (url: URL, reply: ServerResponse, options: { signal: AbortSignal }) => Promise<void>;

const text = (reply: ServerResponse, body: string) =>
  void reply.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(body);
const json = (reply: ServerResponse, body: object) => void reply.setHeader('content-type', 'application/json').end(JSON.stringify(body));

/** The part of the kubelet's API that is no stream: logs, /pods, /stats/summary, /healthz, the /metrics pages. */
export function kubeletRoutes({ directory, metrics, probes, stats, clock }: KubeletRoutesOptions): KubeletRoutes {
  return async (url, reply, { signal }) => {
    const path = url.pathname.replace(/(.)\/+$/, '$1');
    switch (path) {
      case '/healthz':
        return void reply.end('ok');
      case '/pods':
        return json(reply, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: directory.pods() });
      case '/metrics':
        return text(reply, (await Promise.all([metrics.page(directory), stats.volumes()])).join(''));
      case '/metrics/slis':
        return text(reply, await metrics.slis());
      case '/metrics/resource':
        return text(reply, await stats.resource({ signal }));
      case '/metrics/cadvisor':
        return text(reply, await stats.cadvisor({ signal }));
      case '/metrics/probes':
        return text(reply, probes());
      case '/stats/summary': {
        const cpuAndMemoryOnly = ['true', '1'].includes(url.searchParams.get('only_cpu_and_memory') ?? '');
        return json(reply, await stats.summary({ cpuAndMemoryOnly, signal }));
      }
    }
    const [, first, ...rest] = path.split('/').map(decodeURIComponent);
    if (first === 'containerLogs') return answerLogs(rest, url.searchParams, reply, { directory, clock, signal });
    const isStream = parseStreamPath(url.pathname) !== undefined;
    throw new HttpError(isStream ? 400 : 404, isStream ? 'Upgrade request required' : '404 page not found');
  };
}
