import { stringify } from 'yaml';

/** An object in YAML, laid out as upstream's serializer does. */
export const yamlText = (object: object): string =>
  stringify(object, { aliasDuplicateObjects: false, version: '1.1', lineWidth: 0, sortMapEntries: true, indentSeq: false });
