/** What a request to the kubelet is to the authorizer: a verb on a subresource of the node. */
export interface KubeletAttributes {
  readonly verb: string;
  /** Any of them will do; the narrowest comes first. */
  readonly subresources: readonly string[];
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
/** By the first part of the path. Everything else is `nodes/proxy`. */
const SUBRESOURCES: Readonly<Record<string, string>> = { stats: 'stats', metrics: 'metrics', logs: 'log', checkpoint: 'checkpoint' };
/** Parts that were `nodes/proxy` alone before, and still may be asked for as such (KEP-2862). */
const FINE_GRAINED: Readonly<Record<string, string>> = { pods: 'pods', runningpods: 'pods', healthz: 'healthz', configz: 'configz' };

/** Source: Kubernetes, "Kubelet authentication/authorization". */
export function kubeletAttributes(method: string, path: string): KubeletAttributes {
  const first = path.split('/')[1] ?? '';
  const own = SUBRESOURCES[first];
  const fine = FINE_GRAINED[first];
  return { verb: VERBS[method] ?? method.toLowerCase(), subresources: own ? [own] : fine ? [fine, 'proxy'] : ['proxy'] };
}
