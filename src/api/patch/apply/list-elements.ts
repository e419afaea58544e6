import { type ApplyListType, isObject } from './apply-type.ts';
import { goJson, valueElement } from './path-element.ts';

/** A value whose parts cannot be told apart, such as an element of a list of type map without its keys. Such objects are never valid. */
export class UnnamedElement extends Error {
  override readonly name = 'UnnamedElement';
}

/** How a list of type map or set calls one of its elements. Throws UnnamedElement. */
export function elementOf(list: ApplyListType, item: unknown): string {
  const name = elementOrFault(list, item);
  if (!isElement(name)) throw new UnnamedElement(name);
  return name;
}

/** As elementOf, but answers with what is wrong. */
export const elementOrFault = (list: ApplyListType, item: unknown): string =>
  list.relation === 'map' ? keyedElement(list, item) : setElement(item);

export const isElement = (element: string): boolean => element[1] === ':';

function keyedElement(list: ApplyListType, item: unknown): string {
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  let keys = '';
  for (const { name, text, default: absent } of list.keys) {
    const value = item[name] ?? absent;
    if (value !== undefined) keys += `${keys === '' ? '' : ','}${text}${goJson(value)}`;
  }
  if (keys !== '') return `k:{${keys}}`;
  const names = list.keys.map(({ name }) => JSON.stringify(name)).join(' ');
  return `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`;
}

function setElement(item: unknown): string {
  if (item === null) return "associative list without keys has an element that's an explicit null";
  if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
  if (typeof item === 'object') return "associative list without keys has an element that's a map type";
  return valueElement(item);
}
