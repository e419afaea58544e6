import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fieldType, schemaNameOf, type TypeText } from './field-type.ts';
import { type FieldText, type ModelTexts, readTexts } from './read-texts.ts';

export interface Field extends Partial<Pick<FieldText, 'values' | 'valueNotes'>> {
  readonly name: string;
  readonly type: TypeText;
  readonly required: boolean;
  readonly description: string;
}

export interface Model {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly Field[];
}

interface Attribute {
  name: string;
  baseName: string;
  type: string;
  format: string;
}

const require = createRequire(import.meta.url);
const modelsDir = join(dirname(require.resolve('@kubernetes/client-node')), 'gen/models');

/** Of kinds that --runtime-config switches on. */
const isOptional = (model: string) => /^V1beta1StorageVersionMigration/.test(model);
/** Released versions, and the kinds above: api-release-1.36 has no alpha or beta kinds that are on by default. */
const isReleased = (model: string) =>
  isOptional(model) || (/^(V\d+[A-Z]|[A-Z][a-z]+V\d+[A-Z]|VersionInfo$)/.test(model) && !/V\d+(alpha|beta)\d+/.test(model));

/** Every released model of the client, by name. */
export async function readModels(): Promise<Model[]> {
  const all = readdirSync(modelsDir)
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(0, -3));
  // The client keeps files of earlier releases, in which fewer names needed their group.
  const names = all.filter((model) => isReleased(model) && model !== 'V1MicroTime' && !all.includes(`Core${model}`)).sort();
  const texts = readTexts();
  const models = await Promise.all(names.map((name) => readModel(name, texts(name))));
  return models.filter((model) => model !== undefined);
}

async function readModel(model: string, texts: ModelTexts): Promise<Model | undefined> {
  const module = (await import(pathToFileURL(join(modelsDir, `${model}.js`)).href)) as Record<string, { attributeTypeMap?: Attribute[] }>;
  const attributes = module[model]?.attributeTypeMap;
  if (!attributes) return undefined;
  const name = schemaNameOf(model);
  const declared = readDeclaration(model);
  const fields = attributes.map((attribute): Field => {
    const { baseName, type, format } = attribute;
    const { required = false, description = '' } = declared.fields.get(attribute.name) ?? {};
    const text = texts.get(baseName);
    return {
      ...text,
      name: baseName,
      type: fieldType(name, baseName, type, format),
      required,
      description: text?.description || description,
    };
  });
  return { name, description: texts.get('')?.description || declared.description, fields };
}

/** The .d.ts carries what the run-time map lacks: required marks and descriptions. */
function readDeclaration(model: string) {
  const text = readFileSync(join(modelsDir, `${model}.d.ts`), 'utf8');
  const comment = String.raw`(?:/\*\*((?:(?!\*/)[\s\S])*)\*/\s*)?`;
  const description = plainText(new RegExp(`${comment}export declare class`).exec(text)?.[1]);
  const fields = new Map<string, { required: boolean; description: string }>();
  for (const [, doc, name = '', optional] of text.matchAll(new RegExp(`${comment}'([^']+)'(\\??): `, 'g'))) {
    fields.set(name, { required: optional === '', description: plainText(doc) });
  }
  return { description, fields };
}

const plainText = (comment = ''): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join(' ')
    .replace(/\\(['"])/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .trim();
