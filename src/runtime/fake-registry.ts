import { type Runtime, RuntimeError } from './runtime.ts';

/** A tag that upstream's tests give to images that nobody has. */
const MISSING_TAG = 'non-existent';
/** How upstream's tests call registries that are not there. */
const MISSING_REGISTRY = /^invalid\.[^/]*\//;

/** Answers for every registry: it has any image but those that cannot be. For FakeRuntimeOptions.fault. */
export function noSuchImage(call: keyof Runtime, reference: string): RuntimeError | undefined {
  if (call !== 'pullImage') return undefined;
  const quoted = JSON.stringify(reference);
  if (MISSING_REGISTRY.test(reference)) {
    const host = reference.slice(0, reference.indexOf('/'));
    const why = `failed to do request: dial tcp: lookup ${host}: no such host`;
    return new RuntimeError('Unknown', `failed to pull and unpack image ${quoted}: failed to resolve reference ${quoted}: ${why}`);
  }
  if (!reference.endsWith(`:${MISSING_TAG}`)) return undefined;
  const message = `failed to pull and unpack image ${quoted}: failed to resolve reference ${quoted}: ${reference}: not found`;
  return new RuntimeError('NotFound', message);
}
