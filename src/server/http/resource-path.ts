/** What a URL path under /api or /apis names. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace?: string;
  readonly resource: string;
  readonly name?: string;
  readonly subresource?: string;
  /** What follows the subresource: the path that proxy requests go to. */
  readonly rest?: string;
  /** The deprecated `/watch/` prefix. */
  readonly watch: boolean;
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** undefined: not the path of a resource (discovery, health, something unknown). */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/');
  if (parts[0] !== '' || (parts[1] !== 'api' && parts[1] !== 'apis')) return undefined;
  const start = parts[1] === 'api' ? 3 : 4;
  const group = parts[1] === 'api' ? '' : (parts[2] ?? '');
  const version = parts[start - 1] ?? '';
  const steps = parts.slice(start).map(decode);
  if (steps.at(-1) === '' && steps.length < 5) steps.pop();
  if (!version || steps.length === 0) return undefined;
  const watch = steps[0] === 'watch' && steps.length > 1;
  return place(group, version, watch ? steps.slice(1) : steps, watch);
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function place(group: string, version: string, steps: readonly string[], watch: boolean): ResourcePath {
  const [first = '', second, third] = steps;
  const base = { group, version, watch };
  const ofNamespace = group === '' && first === 'namespaces' && (steps.length <= 2 || NAMESPACE_SUBRESOURCES.has(third ?? ''));
  if (first !== 'namespaces' || ofNamespace || steps.length <= 2) {
    return { ...base, resource: first, ...named(steps.slice(1)), ...(ofNamespace && second && { namespace: second }) };
  }
  return { ...base, namespace: second, resource: third ?? '', ...named(steps.slice(3)) };
}

const named = ([name, subresource, ...rest]: readonly string[]) => ({
  ...(name && { name }),
  ...(subresource && { subresource }),
  ...(rest.length > 0 && { rest: `/${rest.join('/')}` }),
});
