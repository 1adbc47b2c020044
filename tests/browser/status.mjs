// Looks at the status page in a real browser, as the test beside it asks.
//
//   node status.mjs PACKAGES SCENARIO URL PICTURES
//
// A scenario that needs something done to the world prints `ask WHAT` and goes
// on when a line comes back. What is wrong ends it with an error.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [packages, scenario, url, pictures] = process.argv.slice(2);
const require = createRequire(join(packages, 'package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// The machine may be busy; nothing here takes long by itself.
const PATIENCE_MS = 120_000;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what) {
  console.log(`ask ${what}`);
  const { value } = await answers.next();
  return value;
}

const SCENARIOS = { looks, keyboard, refreshes, pauses, stands_still };

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
try {
  await SCENARIOS[scenario]();
} finally {
  await browser.close();
}
process.exit(0);

// Both themes, wide and narrow: everything is there, fits and can be read by
// everybody; nothing that a name holds is more than text.
async function looks() {
  const name = await ask('name');
  for (const theme of ['light', 'dark']) {
    for (const width of [1300, 360]) {
      const { page, complaints } = await open({ colorScheme: theme, viewport: { width, height: 800 } });
      for (const section of ['state', 'instances', 'anomalies', 'accounts', 'configuration']) {
        await page.locator(`#${section} h2`).waitFor();
      }
      const row = page.locator('#anomalies tbody tr').filter({ hasText: name });
      assert.equal(await row.locator('th').innerText(), name);
      assert.match(await row.locator('time').innerText(), /^\d+ (s|min) ago$/);
      assert.match(await row.innerText(), /the account is disabled and has 1 client online/);
      assert.equal(await page.locator('main img').count(), 0);
      for (const details of await page.locator('details:not([open]) > summary').all()) {
        await details.click();
      }
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(paper === 'rgb(255, 255, 255)', theme === 'light', paper);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${theme}, ${width} px: ${beyond} px do not fit`);
      await page.screenshot({ path: join(pictures, `${theme}-${width}.png`), fullPage: true });
      await judge(page, `${theme}, ${width} px`);
      assert.deepEqual(complaints, []);
      await page.context().close();
    }
  }
}

// Every link, button and fold is reached by the tabulator, and is seen to be.
async function keyboard() {
  const { page, complaints } = await open();
  const wanted = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, summary')];
    return all.filter((one) => one.checkVisibility()).map((one) => one.textContent);
  });
  assert.ok(wanted.length >= 10, `${wanted}`);
  const reached = [];
  for (const _ of wanted) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return { text: document.activeElement.textContent, outlineStyle, width: parseFloat(outlineWidth) };
    });
    assert.ok(focus.outlineStyle === 'solid' && focus.width >= 2, JSON.stringify(focus));
    reached.push(focus.text);
  }
  assert.deepEqual(reached, wanted);
  const fold = page.locator('#configuration summary');
  await fold.focus();
  await page.keyboard.press('Enter');
  await page.getByText('sweep.interval', { exact: true }).waitFor();
  assert.deepEqual(complaints, []);
}

// What happens in the world appears, and the reader is not disturbed.
async function refreshes() {
  const { page, complaints, context } = await open({ viewport: { width: 700, height: 500 } });
  await page.locator('#configuration summary').click();
  const before = await page.evaluate(() => {
    window.sameDocument = true;
    document.querySelector('#configuration summary').focus();
    window.scrollTo({ top: 300, behavior: 'instant' });
    getSelection().selectAllChildren(document.querySelector('#configuration h2'));
    return { scroll: scrollY, clients: clients() };
    function clients() {
      return Number(document.querySelectorAll('.figures dd')[3].textContent);
    }
  });
  assert.ok(before.scroll > 100, `${before.scroll}`);
  await ask('login');
  await page.waitForFunction(
    (clients) => Number(document.querySelectorAll('.figures dd')[3].textContent) === clients,
    before.clients + 1,
    { timeout: PATIENCE_MS },
  );
  const after = await page.evaluate(() => ({
    sameDocument: window.sameDocument,
    scroll: scrollY,
    focus: document.activeElement.textContent,
    selection: getSelection().toString(),
    isOpen: document.querySelector('#configuration details').open,
  }));
  assert.deepEqual(after, {
    sameDocument: true,
    scroll: before.scroll,
    focus: 'What is in force',
    selection: 'Configuration',
    isOpen: true,
  });
  assert.deepEqual(complaints, []);

  const lost = page.locator('#lost');
  await context.setOffline(true);
  await lost.getByText(/^The exporter cannot be read: it does not answer\. Last update .+/).waitFor({ timeout: PATIENCE_MS });
  assert.ok(await page.locator('#instances tbody tr').count() > 0, 'what was known stays');
  await context.setOffline(false);
  await page.waitForFunction(() => document.getElementById('lost').textContent === '', null, { timeout: PATIENCE_MS });
}

// Nobody is asked while nobody looks. The time is made up here.
async function pauses() {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  let requests = 0;
  page.on('request', () => { requests += 1; });
  await page.clock.install();
  await page.goto(url);
  assert.equal(requests, 1);
  const refreshed = (act) => Promise.all([page.waitForResponse(url), act()]);
  await refreshed(() => page.clock.runFor(5_000));
  const hide = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  const whileHidden = requests;
  await page.clock.runFor(120_000);
  assert.equal(requests, whileHidden);
  await refreshed(() => hide(false));
  await page.getByRole('button', { name: 'Stop refreshing' }).click();
  const whileStopped = requests;
  await page.clock.runFor(120_000);
  assert.equal(requests, whileStopped);
  await refreshed(() => page.getByRole('button', { name: 'Refresh again' }).click());
}

// Without the script the page is the same, and says how to read it again.
async function stands_still() {
  const { page, complaints } = await open({ javaScriptEnabled: false });
  await page.getByRole('heading', { name: 'Complete' }).waitFor();
  assert.equal(await page.getByRole('button').count(), 0);
  const [answer] = await Promise.all([
    page.waitForResponse(url),
    page.getByRole('link', { name: 'Read the page again' }).click(),
  ]);
  assert.equal(answer.status(), 200);
  assert.deepEqual(complaints, []);
}

async function open(options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(request.url());
  });
  await page.goto(url);
  return { context, page, complaints };
}

// Accessibility, as axe sees it.
async function judge(page, where) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert.ok(passes.length > 10, 'axe looked at something');
  const grave = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(told, [], where);
  for (const { id, impact } of violations) console.log(`axe: ${id} (${impact}), ${where}`);
}
