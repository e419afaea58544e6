import type { Pod, Volume } from '../../api/schema/generated/types.ts';

const meets = (a: readonly string[], b: readonly string[]) => a.some((one) => b.includes(one));

/** Would two pods on one node write to the same disk? (kubernetes, volumerestrictions, isVolumeConflict) */
export function isDiskConflict(a: Volume, b: Volume): boolean {
  const bothRead = (one: { readOnly?: boolean }, other: { readOnly?: boolean }) => one.readOnly === true && other.readOnly === true;
  const [gce, otherGce] = [a.gcePersistentDisk, b.gcePersistentDisk];
  if (gce && otherGce && gce.pdName === otherGce.pdName && !bothRead(gce, otherGce)) return true;
  const [aws, otherAws] = [a.awsElasticBlockStore, b.awsElasticBlockStore];
  if (aws && otherAws && aws.volumeID === otherAws.volumeID) return true;
  const [iscsi, otherIscsi] = [a.iscsi, b.iscsi];
  if (iscsi && otherIscsi && iscsi.iqn === otherIscsi.iqn && !bothRead(iscsi, otherIscsi)) return true;
  const [rbd, otherRbd] = [a.rbd, b.rbd];
  if (!rbd || !otherRbd || bothRead(rbd, otherRbd)) return false;
  return meets(rbd.monitors, otherRbd.monitors) && (rbd.pool ?? '') === (otherRbd.pool ?? '') && rbd.image === otherRbd.image;
}

/** Volumes that can conflict so. */
export const sharedDisks = ({ spec }: Pod): Volume[] =>
  (spec?.volumes ?? []).filter((volume) => volume.gcePersistentDisk ?? volume.awsElasticBlockStore ?? volume.iscsi ?? volume.rbd);
