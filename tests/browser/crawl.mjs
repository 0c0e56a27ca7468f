// Every page that links lead to, read without a browser: status, media type and size.

const PARALLEL = 6;
/// Pages of one kind that are read at the most. There is a page for every column and submission, and
/// they are short.
const OF_A_KIND = 60;

const LINK = /<a [^>]*?href="([^"]*)"/g;

/// What kind of page a path is: its words, with names and ids left out.
export function kind(path) {
  const { pathname, searchParams } = new URL(path, 'http://x');
  const words = pathname.split('/').map((word, place) => (place === 2 ? '*' : word));
  const [, first, name = ''] = pathname.split('/');
  const column = first === 'lineage' && name.split('.').length > 2 ? '.*' : '';
  const names = [...searchParams.keys()].sort().join('&');
  return words.join('/') + column + (names ? `?${names}` : '');
}

/// The addresses that a page links to, within the site and without its language.
function links(html, base) {
  const found = new Set();
  for (const [, href] of html.matchAll(LINK)) {
    const address = new URL(href.replaceAll('&#38;', '&').replaceAll('&amp;', '&'), base);
    address.hash = '';
    const page = address.host === base.host && !/^\/(api|assets)\//.test(address.pathname);
    if (page && !address.searchParams.has('lang')) found.add(address.pathname + address.search);
  }
  return found;
}

/// Reads the pages from `/` on. Answers path → bytes of HTML, and what was wrong.
export async function crawl(url, cookie) {
  const pages = new Map();
  const faults = [];
  const known = new Set(['/']);
  const kinds = new Map();
  const waiting = ['/'];
  async function reader() {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const answer = await fetch(url + path, { headers: { cookie }, redirect: 'manual' });
      const html = await answer.text();
      pages.set(path, Buffer.byteLength(html));
      if (answer.status !== 200) faults.push(`${path}: status ${answer.status}`);
      const type = answer.headers.get('content-type');
      if (type !== 'text/html; charset=utf-8') faults.push(`${path}: ${type}`);
      for (const link of links(html, new URL(url + path))) {
        const count = kinds.get(kind(link)) ?? 0;
        if (known.has(link) || count === OF_A_KIND) continue;
        kinds.set(kind(link), count + 1);
        known.add(link);
        waiting.push(link);
      }
    }
  }
  // A reader may find nothing waiting while another is still reading the first page.
  while (waiting.length > 0) await Promise.all(Array.from({ length: PARALLEL }, reader));
  return { pages, faults };
}

/// Of each kind the largest page.
export function largest(pages) {
  const kinds = new Map();
  for (const [path, bytes] of [...pages].sort()) {
    const before = kinds.get(kind(path));
    if (before === undefined || before.bytes < bytes) kinds.set(kind(path), { path, bytes });
  }
  return [...kinds.values()].map(({ path }) => path);
}
