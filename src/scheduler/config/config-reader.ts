type Document = Readonly<Record<string, unknown>>;

const isDocument = (value: unknown): value is Document => typeof value === 'object' && value !== null && !Array.isArray(value);
const isAbsent = (value: unknown): value is undefined | null => value === undefined || value === null;

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A part of a configuration document, read field by field. What is wrong is collected, with its path, so that a person sees all of it at once; the
 * fallback stands in meanwhile.
 */
export class ConfigReader {
  readonly path: string;
  readonly findings: string[];
  readonly #document: Document;

  constructor(value: unknown, path: string, findings: string[]) {
    this.path = path;
    this.findings = findings;
    this.#document = isDocument(value) ? value : {};
    if (!isAbsent(value) && !isDocument(value)) this.report('', 'must be an object');
  }

  /** Says that something is wrong with a field; '' is the part itself. */
  report(field: string, message: string): void {
    const at = [this.path, field].filter(Boolean).join('.');
    this.findings.push(at ? `${at}: ${message}` : message);
  }

  /** Fields of any other name are findings. apiVersion and kind may always be there. */
  known(fields: readonly string[]): void {
    for (const name of Object.keys(this.#document)) {
      if (!fields.includes(name) && name !== 'apiVersion' && name !== 'kind') this.report(name, 'unknown field');
    }
  }

  raw(field: string): unknown {
    return this.#document[field] ?? undefined;
  }

  has(field: string): boolean {
    return !isAbsent(this.#document[field]);
  }

  /** The same part with one field as it is given here. */
  with(field: string, value: unknown): ConfigReader {
    return new ConfigReader({ ...this.#document, [field]: value }, this.path, this.findings);
  }

  part(field: string): ConfigReader {
    return new ConfigReader(this.#document[field], [this.path, field].filter(Boolean).join('.'), this.findings);
  }

  parts(field: string): ConfigReader[] {
    const value = this.#document[field];
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) {
      this.report(field, 'must be a list');
      return [];
    }
    return value.map((item, i) => new ConfigReader(item, `${[this.path, field].filter(Boolean).join('.')}[${i}]`, this.findings));
  }

  text(field: string, fallback: string): string {
    const value = this.#document[field];
    if (isAbsent(value)) return fallback;
    if (typeof value === 'string' && value !== '') return value;
    this.report(field, 'must be a text that is not empty');
    return fallback;
  }

  oneOf<T extends string>(field: string, values: readonly T[], fallback: T): T {
    const value = this.#document[field];
    if (isAbsent(value)) return fallback;
    const known = values.find((each) => each === value);
    if (!known) this.report(field, `must be one of ${values.join(', ')}`);
    return known ?? fallback;
  }

  flag(field: string, fallback: boolean): boolean {
    const value = this.#document[field];
    if (isAbsent(value)) return fallback;
    if (typeof value !== 'boolean') this.report(field, 'must be true or false');
    return value === true;
  }

  integer(field: string, fallback: number, { min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {}): number {
    const value = this.#document[field];
    if (isAbsent(value)) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.report(
      field,
      max === Number.MAX_SAFE_INTEGER ? `must be a whole number of at least ${min}` : `must be a whole number from ${min} to ${max}`,
    );
    return fallback;
  }
}
