import type { KubeObject } from '../../api/meta/object.ts';
import type { Converter } from './custom-kinds.ts';

/** Work that needed a conversion which is not there yet. */
class Missing extends Error {
  override readonly name = 'Missing';
  readonly object: KubeObject;
  readonly apiVersion: string;

  constructor(object: KubeObject, apiVersion: string) {
    super(`${object.apiVersion} is not converted to ${apiVersion} yet`);
    this.object = object;
    this.apiVersion = apiVersion;
  }
}

/** The object in another version. */
export type Convert = (object: KubeObject, apiVersion: string) => KubeObject;

/**
 * Does work that cannot wait with a conversion that has to: where one is missing the work stops, and begins again once the webhook has answered. It must
 * ask for the same ones each time. Rejects with what the converter rejects with.
 */
export async function withConversions<T>(converter: Converter, work: (convert: Convert) => T): Promise<T> {
  const done = new Map<string, KubeObject>();
  const keyOf = (object: KubeObject, apiVersion: string) => `${apiVersion} ${JSON.stringify(object)}`;
  const convert: Convert = (object, apiVersion) => {
    if (object.apiVersion === apiVersion) return object;
    const known = done.get(keyOf(object, apiVersion));
    if (!known) throw new Missing(object, apiVersion);
    return known;
  };
  for (;;) {
    try {
      return work(convert);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      const { object, apiVersion } = error;
      const [converted] = await converter([structuredClone(object)], apiVersion);
      done.set(keyOf(object, apiVersion), converted ?? object);
    }
  }
}
