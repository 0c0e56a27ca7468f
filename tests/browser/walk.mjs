// node walk.mjs URL TOKENFILE SCREENSHOTS: walks the pages; ends with 1 if anything is wrong.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { answers, TRACE, TRACED, WIDE } from './answers.mjs';
import { axe, keyboard, outline, overflow } from './checks.mjs';
import { crawl, kind, largest } from './crawl.mjs';

const require = createRequire(path.join(process.env.BROWSER_PACKAGES, 'package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [url, tokenFile, shots] = process.argv.slice(2);
const token = readFileSync(tokenFile, 'utf8').trim();
const host = new URL(url).host;

const LANGUAGES = ['vi', 'en'];
const WIDTHS = [1280, 320];
/// HTML, CSS and pictures of a page together, not compressed.
const MOST_BYTES = 100_000;

const faults = [];
const note = (where, found) =>
  found.forEach((fault) => {
    faults.push(fault);
    console.error(`${where}: ${fault}`);
  });
/// A machine that does other things too is slow, not wrong.
const MOST_WAIT_MS = 120_000;

async function post(route, secret, body) {
  const headers = { authorization: `Bearer ${secret}` };
  if (body) headers['content-type'] = 'application/json';
  const answer = await fetch(url + route, { method: 'POST', headers, body: body && JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const code = async (secret) => (await post('/api/v1/sign-in-codes', secret)).code;

/// A session without a browser.
async function session(secret) {
  const answer = await fetch(`${url}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ code: await code(secret) }),
    redirect: 'manual',
  });
  return answer.headers.get('set-cookie').split(';')[0];
}

/// A window whose page reports what it must not do. Expected statuses of documents may be given.
async function open(browser, language, width, options) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  await context.addCookies([{ name: 'dtm_lang', value: language, url }]);
  const page = await context.newPage();
  page.setDefaultTimeout(MOST_WAIT_MS);
  let wanted = 200;
  const here = () => `${page.url().replace(url, '')} (${language}, ${width})`;
  page.on('request', (request) => {
    if (new URL(request.url()).host !== host) note(here(), [`asks ${request.url()}`]);
  });
  page.on('requestfailed', (request) => note(here(), [`${request.url()} was not loaded`]));
  page.on('pageerror', (error) => note(here(), [error.message]));
  page.on('console', (message) => {
    // A document that is an error page is reported by the browser too.
    const told = wanted !== 200 && message.text().includes(`status of ${wanted}`);
    if (message.type() === 'error' && !told) note(here(), [message.text()]);
  });
  const visit = async (to, status = 200) => {
    wanted = status;
    const answer = await page.goto(url + to);
    if (answer.status() !== status) note(here(), [`status ${answer.status()}`]);
    wanted = 200;
  };
  return { context, page, visit, here };
}

async function signIn({ page, visit }, secret) {
  await visit(`/sign-in?code=${await code(secret)}`);
  await page.click('main button');
  await page.waitForURL(`${url}/`);
}

const name = (at) => at.replace(/[^A-Za-z0-9]+/g, '_').slice(0, 80) || 'x';

async function look({ page, here }, language, width, scripted) {
  note(here(), await overflow(page));
  note(here(), await outline(page));
  if (scripted) {
    note(here(), await axe(page, AXE));
    return;
  }
  const file = `${name(page.url().replace(url, ''))}-${language}-${width}.png`;
  await page.screenshot({ path: path.join(shots, file), fullPage: true });
  note(here(), await keyboard(page));
}

/// Pages that no link leads to, with what their status must be.
const APART = [
  ['/no-such-page', 404],
  ['/datasets/served.no_such_dataset', 404],
];

/// Without scripts as people may have it; then with them, which only axe-core needs.
async function walk(browser, language, width, pages, scripted) {
  const window = await open(browser, language, width, { javaScriptEnabled: scripted });
  await window.visit('/sign-in');
  await look(window, language, width, scripted);
  await signIn(window, token);
  for (const to of pages) {
    await window.visit(to);
    await look(window, language, width, scripted);
  }
  for (const [to, status] of APART) {
    await window.visit(to, status);
    await look(window, language, width, scripted);
  }
  await acts(window, language, width, scripted);
  await window.context.close();
}

/// What people do with forms: a query, a wide one, a figure traced, a report, the other language,
/// leaving.
async function acts(window, language, width, scripted) {
  const { page, visit } = window;
  await visit('/query');
  await page.click('main button');
  await page.waitForSelector('#answer');
  await look(window, language, width, scripted);
  await page.fill('#sql', WIDE[0]);
  await page.click('main button');
  await page.waitForSelector('#answer');
  await look(window, `${language}-wide`, width, scripted);
  await visit(TRACE);
  await page.fill('#where', "agency_code = 'H26'");
  await page.selectOption('#column', TRACED);
  await page.click('main button');
  await page.waitForSelector('main table');
  await look(window, language, width, scripted);
  await visit('/reports/monthly-summary');
  await page.click('main button');
  await page.waitForURL('**/api/v1/renditions/*.html');
  note(window.here(), await overflow(page));
  if (scripted) note(window.here(), await axe(page, AXE));
  await visit('/reports');
  const other = LANGUAGES.find((one) => one !== language);
  await page.click(`.who a[hreflang=${other}]`);
  const shown = await page.getAttribute('html', 'lang');
  if (shown !== other) note(window.here(), [`the language is ${shown} after choosing ${other}`]);
  await page.click('.who button');
  await page.waitForURL('**/sign-in');
}

/// An official has no right to query, and sees the figures of the overview all the same.
async function official(browser) {
  const principal = { name: `browser-${Date.now()}`, role: 'official', agency: 'H26' };
  const secret = (await post('/api/v1/tokens', token, principal)).token;
  const window = await open(browser, 'vi', 1280, { javaScriptEnabled: false });
  await signIn(window, secret);
  const figures = await window.page.locator('.figures dd').count();
  if (figures === 0) note('/ (official)', ['there are no figures']);
  if (await window.page.locator('nav a[href="/query"], nav a[href="/runs"]').count()) {
    note('/ (official)', ['links lead to what is refused']);
  }
  await look(window, 'vi-official', 1280, false);
  await window.context.close();
}

async function sizes() {
  const cookie = await session(token);
  const found = await crawl(url, cookie);
  note('crawl', found.faults);
  const assets = ['/assets/pages.css', '/assets/icon.svg'].map(async (asset) =>
    (await (await fetch(url + asset)).arrayBuffer()).byteLength);
  const beside = (await Promise.all(assets)).reduce((sum, bytes) => sum + bytes, 0);
  let most = ['', 0];
  const check = (to, bytes) => {
    if (bytes >= MOST_BYTES) note(to, [`${bytes} bytes of HTML, CSS and SVG`]);
    if (bytes > most[1]) most = [to, bytes];
  };
  for (const [to, html] of found.pages) check(to, html + beside);
  const answered = await answers(url, cookie, [...found.pages.keys()]);
  note('answers', answered.faults);
  for (const [what, html] of answered.sizes) {
    // A rendered report has its style in itself.
    const bytes = what.startsWith('POST /reports') ? html : html + beside;
    console.log(`${what}: ${bytes} bytes`);
    check(what, bytes);
  }
  console.log(`${found.pages.size} pages were read; the largest is ${most[0]}: ${most[1]} bytes`);
  return largest(found.pages);
}

const started = Date.now();
const pages = await sizes();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-proxy-server', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
});
for (const language of LANGUAGES) {
  for (const width of WIDTHS) {
    for (const scripted of [false, true]) await walk(browser, language, width, pages, scripted);
  }
}
await official(browser);
await browser.close();
const seconds = Math.round((Date.now() - started) / 1000);
console.log(`${pages.length} kinds of pages in ${LANGUAGES.length} languages at ${WIDTHS.length} widths: ${pages.map(kind).join(' ')}`);
console.log(`${faults.length} faults, ${seconds} s`);
process.exitCode = faults.length === 0 ? 0 : 1;
