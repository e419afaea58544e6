/** One check of /livez and /readyz. Resolves when well; rejects with why not. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<void> | void;
}

export interface HealthReport {
  readonly code: 200 | 404 | 500;
  readonly text: string;
}

interface HealthQuery {
  /** `livez`, `readyz`, `healthz`. */
  readonly endpoint: string;
  /** A single check: /readyz/etcd. */
  readonly only?: string;
  readonly verbose: boolean;
  readonly exclude: readonly string[];
}

/** What Go's HTTP server says of a path that nobody answers. */
export const NO_SUCH_PAGE = '404 page not found\n';

/** Runs the checks and words the result as upstream does. */
export async function checkHealth(
  checks: readonly HealthCheck[],
  { endpoint, only, verbose, exclude }: HealthQuery,
): Promise<HealthReport> {
  const chosen = only === undefined ? checks : checks.filter(({ name }) => name === only);
  if (only !== undefined && chosen.length === 0) return { code: 404, text: NO_SUCH_PAGE };
  const results = await Promise.all(chosen.map((check) => (exclude.includes(check.name) ? { name: check.name, well: true } : run(check))));
  const failed = results.some(({ well }) => !well);
  const lines = results.map(({ name, well }) => {
    if (exclude.includes(name)) return `[+]${name} excluded: ok`;
    return well ? `[+]${name} ok` : `[-]${name} failed: reason withheld`;
  });
  const unknown = [...new Set(exclude)].filter((name) => !chosen.some((check) => check.name === name)).sort();
  if (unknown.length > 0) {
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((name) => JSON.stringify(name)).join(', ')}`);
  }
  if (failed) return { code: 500, text: `${[...lines, `${endpoint} check failed`].join('\n')}\n` };
  return { code: 200, text: verbose ? `${[...lines, `${endpoint} check passed`].join('\n')}\n` : 'ok' };
}

const run = async (check: HealthCheck) => ({ name: check.name, well: await isWell(check) });

export async function isWell({ check }: HealthCheck): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}
