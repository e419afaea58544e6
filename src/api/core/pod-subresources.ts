import type { CustomSubresource, Subresource } from '../define.ts';
import { proxySubresource } from './proxy-subresource.ts';

const stream = (kind: string): CustomSubresource => ({
  kind: 'custom',
  verbs: ['create', 'get'],
  objectKind: { group: '', version: 'v1', kind },
  stream: true,
});

/** Everything under pods/, as core/v1 discovery lists it. */
export const podSubresources: Readonly<Record<string, Subresource>> = {
  attach: stream('PodAttachOptions'),
  binding: { kind: 'custom', verbs: ['create'], objectKind: { group: '', version: 'v1', kind: 'Binding' } },
  ephemeralcontainers: { kind: 'custom', verbs: ['get', 'patch', 'update'] },
  eviction: { kind: 'custom', verbs: ['create'], objectKind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
  exec: stream('PodExecOptions'),
  log: { kind: 'custom', verbs: ['get'], stream: true },
  portforward: stream('PodPortForwardOptions'),
  proxy: proxySubresource('PodProxyOptions'),
  resize: { kind: 'custom', verbs: ['get', 'patch', 'update'] },
  status: { kind: 'status' },
};
