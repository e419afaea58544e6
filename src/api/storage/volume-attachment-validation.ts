import { checkInlineVolume } from '../core/validation-persistent-volume.ts';
import { checkCsiDriverName } from '../core/validation-volume-sources.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkImmutable, found } from '../meta/validation.ts';
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../schema/generated/types.ts';

const MAX_METADATA_BYTES = 256 * 1024;
const MAX_MESSAGE = 1024;

function checkSource({ inlineVolumeSpec, persistentVolumeName: name }: VolumeAttachmentSource): FieldError[] {
  const path = 'spec.source';
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inlineVolumeSpec && name !== undefined) return [forbidden(path, detail)];
  if (!inlineVolumeSpec && name === undefined) return [required(path, detail)];
  if (inlineVolumeSpec) return checkInlineVolume(`${path}.inlineVolumeSpec`, inlineVolumeSpec);
  return name === '' ? [required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')] : [];
}

function checkError(path: string, error: VolumeError | undefined): FieldError[] {
  const { message = '', errorCode = 0 } = error ?? {};
  return [
    ...(message.length > MAX_MESSAGE ? [tooLong(`${path}.message`, MAX_METADATA_BYTES)] : []),
    ...(errorCode < 0 ? [invalid(`${path}.errorCode`, errorCode, `must be between 0 and ${2 ** 31 - 1}, inclusive`)] : []),
  ];
}

export function checkVolumeAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const { attacher = '', source = {}, nodeName = '' } = spec ?? {};
  const { persistentVolumeName: name } = source;
  const size = Object.entries(status?.attachmentMetadata ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return [
    ...(attacher ? checkCsiDriverName('spec.attacher', attacher) : [required('spec.attacher')]),
    ...checkSource(source),
    ...found('spec.nodeName', nodeName, dns1123SubdomainFindings(nodeName)),
    ...(size > MAX_METADATA_BYTES ? [tooLong('status.attachmentMetadata', MAX_METADATA_BYTES)] : []),
    ...checkError('status.attachError', status?.attachError),
    ...checkError('status.detachError', status?.detachError),
    ...(name === undefined ? [] : found('spec.source.persistentVolumeName', name, dns1123SubdomainFindings(name))),
  ];
}

export const checkVolumeAttachmentUpdate = (value: VolumeAttachment, old: VolumeAttachment): FieldError[] =>
  checkImmutable('spec', value.spec, old.spec);
