import type { Volume, VolumeProjection } from '../schema/generated/types.ts';

interface Place {
  readonly path: string;
  /** '' within a volume that has one source alone. */
  readonly source: string;
}

const shown = ({ path, source }: Place): string => (source ? `${JSON.stringify(path)} (${source})` : JSON.stringify(path));
const within = (inner: Place, outer: Place): boolean => `${inner.path}/`.startsWith(`${outer.path}/`);

/** Files that lie in the way of earlier ones. */
function overlaps(places: readonly Place[]): string[] {
  const trimmed = places.map(({ path, source }) => ({ path: path.replace(/\/+$/, ''), source }));
  return trimmed.flatMap((place, i) =>
    place.path === ''
      ? []
      : trimmed
          .slice(0, i)
          .filter((other) => other.path !== '' && (within(other, place) || within(place, other)))
          .map((other) => `${shown(place)} with ${shown(other)}`),
  );
}

const placesOf = (items: readonly { readonly path?: string }[] | undefined, source: string): Place[] =>
  (items ?? []).map(({ path = '' }) => ({ path, source }));

function projectedPlaces({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): Place[] {
  if (configMap?.items) return placesOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`);
  if (secret?.items) return placesOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`);
  if (downwardAPI?.items) return placesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? placesOf([serviceAccountToken], 'ServiceAccountToken') : [];
}

function ofVolume({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const warn = (what: string, found: readonly string[]) =>
    found.map((each) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${each}`);
  const sources = projected?.sources ?? [];
  const empty = sources.filter((source) => Object.keys(source).length === 0);
  return [
    ...warn(`ConfigMap ${JSON.stringify(configMap?.name ?? '')}`, overlaps(placesOf(configMap?.items, ''))),
    ...warn(`Secret ${JSON.stringify(secret?.secretName ?? '')}`, overlaps(placesOf(secret?.items, ''))),
    ...warn('DownwardAPI', overlaps(placesOf(downwardAPI?.items, ''))),
    ...empty.map(() => `volume ${JSON.stringify(name)} (Projected) has no sources provided`),
    ...warn('Projected', overlaps(sources.flatMap(projectedPlaces))),
  ];
}

/** Files of one volume that hide each other, and sources that bring none (kubernetes, pkg/api/pod/warnings.go). */
export const volumeWarnings = (volumes: readonly Volume[]): string[] => volumes.flatMap(ofVolume);
