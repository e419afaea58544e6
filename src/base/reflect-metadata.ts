/**
 * The four functions of the Reflect Metadata proposal that tsyringe, which @peculiar/x509 registers its algorithms with,
 * calls while it loads. Import this module before @peculiar/x509; the full polyfill is not needed.
 */
interface MetadataReflect {
  defineMetadata?(key: unknown, value: unknown, target: object): void;
  getOwnMetadata?(key: unknown, target: object): unknown;
  getMetadata?(key: unknown, target: object): unknown;
}

const reflect = Reflect as MetadataReflect;
if (reflect.getMetadata === undefined) {
  const stored = new WeakMap<object, Map<unknown, unknown>>();
  const own = (key: unknown, target: object) => stored.get(target)?.get(key);
  reflect.getOwnMetadata = own;
  reflect.getMetadata = (key, target) => {
    for (let at: object | null = target; at; at = Object.getPrototypeOf(at)) {
      const value = own(key, at);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  reflect.defineMetadata = (key, value, target) => {
    const entries = stored.get(target) ?? new Map();
    stored.set(target, entries.set(key, value));
  };
}
