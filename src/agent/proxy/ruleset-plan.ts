/** One nftables table as data: chains with their rules, sets and maps with their elements. Knows nothing of Services. */
export interface Ruleset {
  /** `hook`: `type … hook … priority …` makes it a base chain. */
  chain(name: string, rules: readonly string[], hook?: string): void;
  set(name: string, type: string): void;
  map(name: string, type: string): void;
  /** Of a set, or with a value of a map. The first value of a key stays: two Services cannot own one socket. */
  element(container: string, key: string, value?: string): void;
  readonly chains: ReadonlyMap<string, { readonly hook: string | undefined; readonly rules: readonly string[] }>;
  readonly containers: ReadonlyMap<string, Container>;
}
export interface Container {
  readonly kind: 'set' | 'map';
  readonly type: string;
  readonly elements: ReadonlyMap<string, string | undefined>;
}

export function createRuleset(): Ruleset {
  const chains = new Map<string, { hook: string | undefined; rules: readonly string[] }>();
  const containers = new Map<string, Container & { elements: Map<string, string | undefined> }>();
  return {
    chains,
    containers,
    chain: (name, rules, hook) => void chains.set(name, { hook, rules }),
    set: (name, type) => void containers.set(name, { kind: 'set', type, elements: new Map() }),
    map: (name, type) => void containers.set(name, { kind: 'map', type, elements: new Map() }),
    element(container, key, value) {
      const elements = containers.get(container)?.elements;
      if (elements && !elements.has(key)) elements.set(key, value);
    },
  };
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((line, i) => line === b[i]);
const show = ([key, value]: readonly [string, string | undefined]) => (value === undefined ? key : `${key} : ${value}`);

/**
 * The nft script that turns a table that holds `before` into one that holds `after`, to be run as one transaction; empty when nothing changes.
 * Without `before` the table is made anew, whatever it held. New things are made before they are referred to, old ones go last.
 */
export function planScript(table: string, before: Ruleset | undefined, after: Ruleset): string {
  const lines: string[] = before ? [] : [`add table ${table}`, `delete table ${table}`, `add table ${table}`];
  const late: string[] = [];
  for (const [name, { kind, type }] of after.containers) {
    if (!before?.containers.has(name)) lines.push(`add ${kind} ${table} ${name} { ${type}; }`);
  }
  for (const [name, { hook }] of after.chains) {
    if (!before?.chains.has(name)) lines.push(`add chain ${table} ${name}${hook ? ` { ${hook}; }` : ''}`);
  }
  for (const [name, { rules }] of after.chains) {
    const known = before?.chains.get(name);
    if (known && same(known.rules, rules)) continue;
    if (known) lines.push(`flush chain ${table} ${name}`);
    for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`);
  }
  for (const [name, { elements }] of after.containers) {
    const known = before?.containers.get(name)?.elements;
    const gone = [...(known ?? [])].filter(([key, value]) => !elements.has(key) || elements.get(key) !== value);
    const fresh = [...elements].filter(([key, value]) => !known?.has(key) || known.get(key) !== value);
    if (gone.length > 0) lines.push(`delete element ${table} ${name} { ${gone.map(show).join(', ')} }`);
    if (fresh.length > 0) lines.push(`add element ${table} ${name} { ${fresh.map(show).join(', ')} }`);
  }
  const oldChains = [...(before?.chains.keys() ?? [])].filter((name) => !after.chains.has(name));
  for (const name of oldChains) late.push(`flush chain ${table} ${name}`);
  for (const name of oldChains) late.push(`delete chain ${table} ${name}`);
  for (const [name, { kind }] of before?.containers ?? []) {
    if (!after.containers.has(name)) late.push(`delete ${kind} ${table} ${name}`);
  }
  const script = [...lines, ...late];
  return script.length > 0 ? `${script.join('\n')}\n` : '';
}
