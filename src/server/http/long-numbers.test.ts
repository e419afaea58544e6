import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeServer, serveCustomResources } from './fake-server.ts';

const [GREATEST, LEAST, ODD] = ['9223372036854775807', '-9223372036854775808', '9007199254740993'];
const BEYOND = '9223372036854775808';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WIDGETS = '/apis/example.com/v1/widgets';
const integer = '{"type":"integer"}';
const definition = (
  name: string,
  properties: string,
) => `{"metadata":{"name":"${name}s.example.com"},"spec":{"group":"example.com","scope":"Cluster",
  "names":{"plural":"${name}s","singular":"${name}","kind":"${name}","listKind":"${name}List"},"versions":[{"name":"v1","served":true,"storage":true,
  "additionalPrinterColumns":[{"name":"N","type":"integer","jsonPath":".n"}],
  "schema":{"openAPIV3Schema":{"type":"object","properties":{${properties}}}}}]}}`;
const widget = (name: string, fields: string) => `{"apiVersion":"example.com/v1","kind":"widget","metadata":{"name":"${name}"},${fields}}`;

let server: FakeServer;
beforeAll(async () => {
  server = await serveCustomResources();
  const properties = `"n":{"type":"integer","default":${ODD},"x-kubernetes-validations":[{"rule":"self != ${LEAST}"}]},
    "plain":${integer},"small":{"type":"integer","format":"int32"},"even":{"type":"integer","multipleOf":2},"one":{"type":"integer","enum":[${GREATEST},1]},
    "float":{"type":"number"},"set":{"type":"array","x-kubernetes-list-type":"set","items":${integer}},"text":{"type":"string","maxLength":${GREATEST}}`;
  expect((await send(CRDS, definition('widget', properties))).code).toBe(201);
  while ((await server.call(WIDGETS)).code !== 200);
});
afterAll(async () => {
  await server.stop();
});

const send = (path: string, body: string, type = 'application/json', method = 'POST') =>
  server.call(path, { method, headers: { 'content-type': type }, body });

describe('a whole number that no double holds', () => {
  it.each([GREATEST, LEAST, ODD])('is kept in a custom resource: %s', async (number) => {
    const made = await send(WIDGETS, widget(`w${number}`.replace('-', 'm'), `"plain":${number},"set":[${number}]`));
    expect(made.text).toContain(`"plain":${number},"set":[${number}]`);
    expect(made.text).toContain(`"n":${ODD}`);
    const path = `${WIDGETS}/w${number}`.replace('-', 'm');
    for (const query of ['', '?pretty=1']) expect((await server.call(path + query)).text).toMatch(new RegExp(`"plain": ?${number}`));
    const patched = await send(path, `{"text":"x"}`, 'application/merge-patch+json', 'PATCH');
    expect(patched.text).toContain(`"plain":${number}`);
    const tested = `[{"op":"test","path":"/plain","value":${number}},{"op":"add","path":"/n","value":${number}}]`;
    const rightly = await send(path, tested, 'application/json-patch+json', 'PATCH');
    if (number === LEAST) expect(rightly.json()).toMatchObject({ code: 422, message: expect.stringContaining('failed rule: self !=') });
    else expect(rightly.text).toContain(`"n":${number}`);
  });

  it('is kept out of YAML, in sets of fields and in tables', async () => {
    const applied = await send(
      `${WIDGETS}/applied?fieldManager=me`,
      `apiVersion: example.com/v1\nkind: widget\nmetadata: {name: applied}\n"n": ${GREATEST}\nset: [${ODD}, ${GREATEST}]\nplain: 0x10\n`,
      'application/apply-patch+yaml',
      'PATCH',
    );
    expect(applied.text).toContain(`"n":${GREATEST},"set":[${ODD},${GREATEST}],"plain":16`);
    expect(applied.text).toContain(`"v:${ODD}":{},"v:${GREATEST}":{}`);
    const table = await server.call(`${WIDGETS}/applied`, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } });
    expect(table.text).toContain(`"cells":["applied",${GREATEST}]`);
  });

  it.each([
    ['plain', BEYOND, 'plain: Invalid value: "number": plain in body must be of type integer: "number"'],
    ['small', ODD, 'Checked value must be of type integer with format int32 in small'],
    ['even', ODD, `even: Invalid value: ${ODD}: even in body should be a multiple of 2`],
    ['one', ODD, `one: Unsupported value: ${ODD}: supported values: "${GREATEST}", "1"`],
    ['set', `[${ODD},${ODD}]`, `set[1]: Duplicate value: ${ODD}`],
  ])('is checked: %s may not be %s', async (field, number, message) => {
    const refused = await send(WIDGETS, widget('bad', `"${field}":${number}`));
    expect(refused.json()).toMatchObject({ code: 422, message: expect.stringContaining(message) });
  });

  it('is let in where doubles are', async () => {
    const made = await send(WIDGETS, widget('float', `"float":${GREATEST},"one":${GREATEST}`));
    expect(made.text).toContain(`"float":${GREATEST},"one":${GREATEST}`);
  });

  it('is kept in a built-in kind as well, also in protobuf', async () => {
    const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
    await send('/api/v1/namespaces', '{"metadata":{"name":"default"}}');
    const tolerations = `"tolerations":[{"operator":"Exists","effect":"NoExecute","tolerationSeconds":${GREATEST}}]`;
    const pod = `{"metadata":{"name":"a"},"spec":{"terminationGracePeriodSeconds":${GREATEST},"nodeName":"n","containers":[{"name":"c","image":"i"}],${tolerations}}}`;
    const made = await send('/api/v1/namespaces/default/pods', pod);
    expect(made.text).toContain(tolerations);
    const bytes = await server.call('/api/v1/namespaces/default/pods/a', { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
    expect(bytes.code).toBe(200);
    expect((await server.call('/api/v1/namespaces/default/pods/a', { method: 'DELETE' })).code).toBe(200);
    const claim = `{"metadata":{"name":"a"},"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c","count":${BEYOND}}}]}}}`;
    expect((await send(claims, claim)).json()).toMatchObject({
      code: 400,
      message: expect.stringContaining(`cannot unmarshal number ${BEYOND} into Go struct field`),
    });
  });
});
