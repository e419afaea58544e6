import type { Device, DeviceAttribute, DeviceConstraint } from '../../api/schema/generated/types.ts';

/** The attribute by its full name; the driver's own need no domain. */
export function attributeOf({ attributes = {} }: Device, driver: string, fullName: string): DeviceAttribute | undefined {
  const [domain = '', id = ''] = fullName.split('/');
  return attributes[fullName] ?? (domain === driver ? attributes[id] : undefined);
}

/** One value alone is set. undefined: of a kind that cannot be compared. */
function comparable({ string, int, bool, version }: DeviceAttribute): string | undefined {
  const [kind, value] = Object.entries({ string, int, bool, version }).find(([, one]) => one !== undefined) ?? [];
  return kind === undefined ? undefined : `${kind} ${value}`;
}

/** All devices that it concerns have the attribute, and its values are all the same, or all different. */
export class AttributeConstraint {
  readonly #name: string;
  readonly #isDistinct: boolean;
  readonly #requests: ReadonlySet<string>;
  readonly #values: string[] = [];

  /** Throws an Error for a constraint of another kind. `claim` is for the message. */
  constructor({ matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint, claim: string, index: number) {
    const name = matchAttribute ?? distinctAttribute;
    if (!name) throw new Error(`claim ${claim}, constraint #${index}: empty constraint (unsupported constraint type?)`);
    this.#name = name;
    this.#isDistinct = matchAttribute === undefined;
    this.#requests = new Set(requests);
  }

  /** `request`: `name`, or `name/alternative`. False: the device will not do. Devices are taken back in the opposite order. */
  add(request: string, driver: string, device: Device): boolean {
    if (!this.#concerns(request)) return true;
    const attribute = attributeOf(device, driver, this.#name);
    const value = attribute && comparable(attribute);
    if (value === undefined || !this.#fits(value)) return false;
    this.#values.push(value);
    return true;
  }

  remove(request: string): void {
    if (this.#concerns(request)) this.#values.pop();
  }

  #fits(value: string): boolean {
    return this.#isDistinct ? !this.#values.includes(value) : this.#values.length === 0 || this.#values[0] === value;
  }

  #concerns(request: string): boolean {
    return this.#requests.size === 0 || this.#requests.has(request) || this.#requests.has(request.split('/')[0] ?? '');
  }
}
