// Uploads by tus-js-client to a server that this starts, kills and starts again.
//
//   node walk.mjs DTM PROJECT FOLDER

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';

const require = createRequire(`${process.env.TUS_PACKAGES}/package.json`);
const tus = require('tus-js-client');

const [dtm, project, folder] = process.argv.slice(2);
const token = readFileSync(`${process.env.DTM_HOME}/operator.token`, 'utf8').trim();
const headers = { Authorization: `Bearer ${token}` };

const port = await new Promise((resolve) => {
  const chosen = createServer().listen(0, '127.0.0.1', () => {
    const { port } = chosen.address();
    chosen.close(() => resolve(port));
  });
});
const base = `http://127.0.0.1:${port}`;
const endpoint = `${base}/api/v1/uploads`;

let server;

async function start() {
  const args = ['serve', '--project', project, '--listen', `127.0.0.1:${port}`];
  server = spawn(dtm, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.gone = gone;
  const lines = createInterface({ input: server.stderr });
  await new Promise((resolve, reject) => {
    gone.then((code) => reject(new Error(`the server ended with ${code}`)));
    lines.on('line', (line) => line.includes('serving on') && resolve());
  });
  gone.catch(() => {});
}

async function kill(signal) {
  server.kill(signal);
  return server.gone;
}

// Visits in a file, and what of them lands.
async function visits(name, rows) {
  const file = `${folder}/${name}.csv`;
  const out = createWriteStream(file);
  out.write('visit_id,office,visited_at,minutes\n');
  for (let row = 0; row < rows; row += 1) {
    const line = `${name}-${row},Ba Đình,2026-09-01T08:30:00+07:00,${row % 60}\n`;
    if (!out.write(line)) await new Promise((resolve) => out.once('drain', resolve));
  }
  out.end();
  await finished(out);
  const bytes = readFileSync(file);
  return { file, rows, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function metadata(of, more = {}) {
  const name = of.file.split('/').pop();
  return { dataset: 'raw.visits', agency: 'H26', period: '2026-09', filename: name, ...more };
}

// An upload, to its end or its error.
function upload(of, options = {}, control = () => {}) {
  return new Promise((resolve, reject) => {
    const source = createReadStream(of.file);
    const upload = new tus.Upload(source, {
      endpoint,
      headers,
      uploadSize: statSync(of.file).size,
      chunkSize: Infinity,
      metadata: metadata(of),
      retryDelays: null,
      onError: reject,
      onSuccess: () => resolve(upload.url),
      ...options,
    });
    control(upload, resolve);
    upload.start();
  });
}

// What became of an upload, once something did.
async function ended(url) {
  for (;;) {
    const answer = await fetch(url, { headers });
    assert.equal(answer.status, 200);
    const told = await answer.json();
    if (told.state !== 'receiving' && told.state !== 'landing') return told;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isWhole(told, of) {
  assert.equal(told.state, 'done', JSON.stringify(told));
  assert.equal(told.answer.rows.landed, of.rows);
  assert.deepEqual(told.answer.evidence, { sha256: of.sha256, size_bytes: of.size });
}

async function count(name) {
  const sql = `select count(*) as n from raw.visits where visit_id like '${name}-%'`;
  const body = JSON.stringify({ sql });
  const asked = { ...headers, 'Content-Type': 'application/json', Accept: 'application/json' };
  const answer = await fetch(`${base}/api/v1/query`, { method: 'POST', headers: asked, body });
  return (await answer.json())[0].n;
}

const walks = {
  async 'a file in one part'() {
    const of = await visits('whole', 2000);
    isWhole(await ended(await upload(of)), of);
  },

  async 'a file in parts, by POST alone'() {
    const of = await visits('parts', 2000);
    const options = { chunkSize: 10_000, overridePatchMethod: true };
    isWhole(await ended(await upload(of, options)), of);
  },

  async 'a file whose first part comes with the beginning'() {
    const of = await visits('with', 2000);
    const options = { uploadDataDuringCreation: true, chunkSize: 50_000 };
    isWhole(await ended(await upload(of, options)), of);
  },

  async 'a file of which no row lands'() {
    const of = await visits('none', 3);
    const url = await upload(of, { metadata: metadata(of, { control_totals: 'rows:4' }) });
    const told = await ended(url);
    assert.equal(told.state, 'refused', JSON.stringify(told));
    assert.equal(told.problem.status, 422);
  },

  async 'a request that is wrong'() {
    const of = await visits('wrong', 3);
    const wrong = upload(of, { metadata: metadata(of, { dataset: 'raw.nothing' }) });
    const error = await wrong.then(() => assert.fail('it was taken'), (error) => error);
    assert.equal(error.originalResponse.getStatus(), 404);
    assert.match(error.originalResponse.getBody(), /raw\.visits/);
  },

  async 'an upload that is given up'() {
    const of = await visits('given-up', 20_000);
    const url = await upload(of, { chunkSize: 100_000 }, (upload, resolve) => {
      upload.options.onChunkComplete = () => upload.abort(true).then(() => resolve(upload.url));
    });
    const answer = await fetch(url, { headers });
    assert.equal(answer.status, 404);
    assert.match((await answer.json()).hint, /another node/);
  },

  // The client does not know that the server died: it tries again, asks where to go on, and does.
  async 'a server that is killed under an upload and started again'() {
    const of = await visits('killed', 400_000);
    let killed = 0;
    let restarted = Promise.resolve();
    const offsets = [];
    const url = await upload(of, {
      // Progress is told ten times a second, and at the start of every part: a quick link sends all of
      // it in less.
      chunkSize: Math.ceil(of.size / 12),
      retryDelays: Array(100).fill(100),
      onProgress(sent) {
        if (killed < 2 && sent > ((killed + 1) * of.size) / 3) {
          killed += 1;
          restarted = kill('SIGKILL').then(start);
        }
      },
      onAfterResponse(request, answer) {
        if (request.getMethod() === 'HEAD') offsets.push(Number(answer.getHeader('Upload-Offset')));
      },
    });
    await restarted;
    assert.equal(killed, 2);
    assert.ok(offsets.some((offset) => offset > 0 && offset < of.size), `went on at ${offsets}`);
    isWhole(await ended(url), of);
    assert.equal(await count('killed'), of.rows);
  },

  async 'a server that is killed when it has the last byte'() {
    const of = await visits('complete', 100_000);
    const url = await upload(of);
    await kill('SIGKILL');
    await start();
    isWhole(await ended(url), of);
    assert.equal(await count('complete'), of.rows);
  },
};

await start();
try {
  for (const [name, walk] of Object.entries(walks)) {
    const from = Date.now();
    await walk();
    console.log(`${String(Date.now() - from).padStart(6)} ms  ${name}`);
  }
  const code = await kill('SIGTERM');
  assert.equal(code, 0);
} finally {
  server.kill('SIGKILL');
}
