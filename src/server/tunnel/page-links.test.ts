import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteLink, rewriteTag } from './page-links.ts';

const page = { prefix: '/api/v1/namespaces/n/pods/p/proxy', backend: '10.42.0.7:80', server: 'minik.local:6443' };

describe('a link of a page that came through the proxy', () => {
  it.each([
    ['/a/b?c=d#e', '/api/v1/namespaces/n/pods/p/proxy/a/b?c=d#e'],
    ['/', '/api/v1/namespaces/n/pods/p/proxy/'],
    ['/a//b/../c/', '/api/v1/namespaces/n/pods/p/proxy/a/c/'],
    ['http://10.42.0.7:80/a', '/api/v1/namespaces/n/pods/p/proxy/a'],
    ['https://minik.local:6443/a', 'https://minik.local:6443/api/v1/namespaces/n/pods/p/proxy/a'],
    ['//minik.local:6443/a', '//minik.local:6443/api/v1/namespaces/n/pods/p/proxy/a'],
  ])('leads through it, too: %s', (text, through) => {
    expect(rewriteLink(text, page)).toBe(through);
  });

  it.each(['a/b', '', '?q', '#top', 'mailto:a@example.org', 'https://example.org/a', '//example.org/a', 'data:text/plain,/x'])(
    'stays as it is when it leads elsewhere or is relative: %j',
    (text) => {
      expect(rewriteLink(text, page)).toBe(text);
    },
  );

  it('is not changed twice', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.webPath(), (url, path) => {
        for (const text of [url, path]) expect(rewriteLink(rewriteLink(text, page), page)).toBe(rewriteLink(text, page));
      }),
    );
  });
});

describe('a tag', () => {
  it('has its links in the attributes that hold some, and nothing else is touched', () => {
    const tag = { tagName: 'img', attrs: ['src', 'longdesc', 'alt'].map((name) => ({ name, value: '/x' })) };
    expect(rewriteTag(tag, page)).toBe(true);
    expect(tag.attrs.map(({ value }) => value)).toEqual([`${page.prefix}/x`, `${page.prefix}/x`, '/x']);
    expect(rewriteTag({ tagName: 'p', attrs: [{ name: 'href', value: '/x' }] }, page)).toBe(false);
  });
});
