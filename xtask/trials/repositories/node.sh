# A package with scripts and tests, a dependency that lies in a folder, and one that lies in an archive.
git init --quiet
rm --force .git/hooks/*.sample
mkdir -p lib test local/greet/bin archives
cat > package.json <<'FILE'
{
  "name": "site",
  "version": "1.0.0",
  "private": true,
  "scripts": {
    "prebuild": "node -e \"require('fs').mkdirSync('dist', { recursive: true })\"",
    "build": "node build.js",
    "test": "node --test test/",
    "greet": "greet world"
  },
  "dependencies": { "greet": "file:archives/greet-1.0.0.tgz" }
}
FILE
cat > build.js <<'FILE'
const fs = require('fs');
const zlib = require('zlib');
const text = fs.readFileSync('lib/text.js', 'utf8').replace(/\s+/g, ' ');
fs.writeFileSync('dist/text.min.js', text);
fs.writeFileSync('dist/text.min.js.gz', zlib.gzipSync(text));
FILE
echo 'module.exports = (name) => `hello ${name}`;' > lib/text.js
cat > test/text.test.js <<'FILE'
const test = require('node:test');
const assert = require('node:assert');
const { Worker } = require('node:worker_threads');
const { fork } = require('node:child_process');
test('text', () => assert.equal(require('../lib/text.js')('you'), 'hello you'));
test('worker', (t, done) => {
  const worker = new Worker('require("worker_threads").parentPort.postMessage(42)', { eval: true });
  worker.once('message', (said) => { assert.equal(said, 42); done(); });
});
test('child', (t, done) => {
  fork('lib/child.js').once('message', (said) => { assert.equal(said, 'here'); done(); });
});
FILE
echo "process.send('here');" > lib/child.js
cat > server.js <<'FILE'
const http = require('node:http');
const server = http.createServer((request, response) => response.end(`you asked for ${request.url}\n`));
server.listen(0, '127.0.0.1', () => require('fs').writeFileSync('port', String(server.address().port)));
FILE
cat > local/greet/package.json <<'FILE'
{ "name": "greet", "version": "1.0.0", "bin": { "greet": "bin/greet.js" } }
FILE
printf '#!/usr/bin/env node\nconsole.log(`greetings, ${process.argv[2]}`);\n' > local/greet/bin/greet.js
chmod +x local/greet/bin/greet.js
npm pack ./local/greet --pack-destination archives --silent > /dev/null
printf 'node_modules\ndist\n' > .gitignore
git add . && git commit --quiet --message 'Begin'
