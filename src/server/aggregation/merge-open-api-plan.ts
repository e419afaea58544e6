/** A document of OpenAPI 2, of which only the parts count that are put together here. */
export interface SpecV2 {
  readonly paths?: Readonly<Record<string, unknown>>;
  readonly definitions?: Readonly<Record<string, unknown>>;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

type Named = 'definitions' | 'parameters';
type Names = Readonly<Record<Named, ReadonlyMap<string, string>>>;

/** The document with the paths that others serve for it, and what those paths refer to. `prefix`: all that counts of the other one. */
export function mergedSpec<T extends SpecV2>(own: T, others: readonly { readonly spec: SpecV2; readonly prefix: string }[]): T {
  let merged: SpecV2 = own;
  for (const { spec, prefix } of others) merged = withSpec(merged, spec, prefix);
  return merged as T;
}

function withSpec(own: SpecV2, other: SpecV2, prefix: string): SpecV2 {
  const isTheirs = ([path]: [string, unknown]) => (path === prefix || path.startsWith(`${prefix}/`)) && own.paths?.[path] === undefined;
  const paths = Object.fromEntries(Object.entries(other.paths ?? {}).filter(isTheirs));
  const used = reachable(paths, other);
  const names = newNames(own, other, used);
  const added = (kind: Named) =>
    Object.fromEntries([...names[kind]].map(([name, called]) => [called, renamed(other[kind]?.[name], names)]));
  return {
    ...own,
    paths: { ...own.paths, ...(renamed(paths, names) as object) },
    definitions: { ...own.definitions, ...added('definitions') },
    parameters: { ...own.parameters, ...added('parameters') },
  };
}

const REFERENCE = /^#\/(definitions|parameters)\/(.+)$/;

/** `definitions/NAME` and `parameters/NAME` of everything that the paths refer to, on any way. */
function reachable(paths: object, spec: SpecV2): ReadonlySet<string> {
  const seen = new Set<string>();
  const open: unknown[] = [paths];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    forEachReference(value, (kind, name) => {
      const key = `${kind}/${name}`;
      if (seen.has(key) || spec[kind]?.[name] === undefined) return;
      seen.add(key);
      open.push(spec[kind]?.[name]);
    });
  }
  return seen;
}

function forEachReference(value: unknown, visit: (kind: Named, name: string) => void): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const [, kind, name] = key === '$ref' && typeof part === 'string' ? (REFERENCE.exec(part) ?? []) : [];
    if (kind && name) visit(kind as Named, name);
    else forEachReference(part, visit);
  }
}

/** What both call the same and mean the same is one; what they mean differently gets another name (upstream: `NAME_v2`), as does what refers to it. */
function newNames(own: SpecV2, other: SpecV2, used: ReadonlySet<string>): Names {
  const parts = [...used].map((key): Part => {
    const kind = key.slice(0, key.indexOf('/')) as Named;
    return { key, kind, name: key.slice(kind.length + 1) };
  });
  const isTaken = ({ kind, name }: Part) => own[kind]?.[name] !== undefined;
  const isSame = ({ kind, name }: Part) => JSON.stringify(own[kind]?.[name]) === JSON.stringify(other[kind]?.[name]);
  const differing = new Set(parts.filter((part) => isTaken(part) && !isSame(part)).map(({ key }) => key));
  for (let before = -1; before < differing.size; ) {
    before = differing.size;
    for (const part of parts) if (isTaken(part) && refersTo(other[part.kind]?.[part.name], differing)) differing.add(part.key);
  }
  const names = { definitions: new Map<string, string>(), parameters: new Map<string, string>() };
  for (const { key, kind, name } of parts) names[kind].set(name, differing.has(key) ? freeName(own[kind], name) : name);
  return names;
}

interface Part {
  readonly key: string;
  readonly kind: Named;
  readonly name: string;
}

function refersTo(value: unknown, keys: ReadonlySet<string>): boolean {
  let found = false;
  forEachReference(value, (kind, name) => {
    found ||= keys.has(`${kind}/${name}`);
  });
  return found;
}

function freeName(taken: SpecV2[Named], name: string): string {
  for (let n = 2; ; n += 1) if (taken?.[`${name}_v${n}`] === undefined) return `${name}_v${n}`;
}

function renamed(value: unknown, names: Names): unknown {
  if (Array.isArray(value)) return value.map((part) => renamed(part, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const [, kind, name] = key === '$ref' && typeof part === 'string' ? (REFERENCE.exec(part) ?? []) : [];
      return [key, kind && name ? `#/${kind}/${names[kind as Named].get(name) ?? name}` : renamed(part, names)];
    }),
  );
}
