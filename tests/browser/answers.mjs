// What forms answer, read without a browser: a query that is wider than a page, the submissions
// behind every figure of a dataset, and every report.

const LANGUAGES = ['vi', 'en'];

/// More columns and rows than a page has room for, and longer values.
export const WIDE = [
  'select * from raw.dossiers',
  "select *, repeat('<&> ', 1000) as long_text from raw.dossiers",
];

/// The form that traces figures of the demo, and one of them.
export const TRACE = '/datasets/served.dossiers_by_agency/trace';
export const TRACED = 'received_total';

async function post(url, cookie, path, fields) {
  const body = new URLSearchParams(fields);
  return fetch(url + path, { method: 'POST', headers: { cookie }, body, redirect: 'manual' });
}

/// What the form of a report would send untouched.
function filled(html) {
  const main = html.slice(html.indexOf('<main'));
  const fields = [];
  for (const [, name, options] of main.matchAll(/<select [^>]*name="([^"]*)"[^>]*>(.*?)<\/select>/gs)) {
    fields.push([name, /value="([^"]*)" selected/.exec(options)?.[1] ?? '']);
  }
  for (const [tag, name] of main.matchAll(/<input [^>]*name="([^"]*)"[^>]*>/g)) {
    fields.push([name, /value="([^"]*)"/.exec(tag)?.[1] ?? '']);
  }
  return fields;
}

/// The report as people see it, which has its style in itself.
async function rendered(url, cookie, path) {
  const form = await (await fetch(url + path, { headers: { cookie } })).text();
  const sent = await post(url, cookie, path, filled(form));
  const to = sent.headers.get('location');
  if (sent.status !== 303) throw new Error(`${path}: ${sent.status} ${await sent.text()}`);
  return fetch(url + to, { headers: { cookie } });
}

/// Answers what was asked → bytes of HTML, and what was wrong. Reports are found among `pages`.
export async function answers(url, session, pages) {
  const sizes = new Map();
  const faults = [];
  const reports = pages.filter((path) => /^\/reports\/[^?]+$/.test(path));
  for (const language of LANGUAGES) {
    const cookie = `${session}; dtm_lang=${language}`;
    const asked = WIDE.map((sql) => [`POST /query ${sql}`, () => post(url, cookie, '/query', { sql })]);
    const all = `${TRACE}?${new URLSearchParams({ where: 'true', column: TRACED })}`;
    asked.push([`GET ${all}`, () => fetch(url + all, { headers: { cookie } })]);
    asked.push(...reports.map((path) => [`POST ${path}`, () => rendered(url, cookie, path)]));
    for (const [name, ask] of asked) {
      const answer = await ask();
      const html = await answer.text();
      const where = `${name} (${language})`;
      if (answer.status !== 200) faults.push(`${where}: status ${answer.status}`);
      if (!html.includes(`<html lang="${language}"`)) faults.push(`${where}: another language`);
      sizes.set(where, Buffer.byteLength(html));
    }
  }
  return { sizes, faults };
}
