'use strict';
// Fetches the page again and puts what has changed in place, node by node, so
// that scroll, focus, selection and what is folded up stay as they are.
(() => {
  const PERIOD_MS = 5000;
  const PATIENCE_MS = 10000;
  const main = document.querySelector('main');
  const lost = document.getElementById('lost');
  const button = document.querySelector('#refresh button');
  const note = document.querySelector('#refresh span');
  let isStopped = false;
  let timer = 0;
  // The exporter's clock, by the time since the page came: the clock of this
  // machine may be wrong.
  let cameAt = performance.now();
  let lastUpdate = new Date();

  const key = (node) => node.dataset ? node.dataset.key : undefined;

  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || key(old) !== key(fresh)) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    morphAttributes(old, fresh);
    morphChildren(old, fresh);
  }

  function morphAttributes(old, fresh) {
    // Whether something is folded up is the reader's business.
    const isOurs = (name) => !(name === 'open' && old.nodeName === 'DETAILS');
    for (const { name } of [...old.attributes]) {
      if (isOurs(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (isOurs(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  }

  function morphChildren(old, fresh) {
    const keys = new Set([...fresh.children].map(key));
    const known = new Map();
    for (const child of [...old.children]) {
      if (key(child) === undefined) continue;
      if (keys.has(key(child))) known.set(key(child), child);
      else child.remove();
    }
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const same = known.get(key(child));
      if (same && same !== place) old.insertBefore(same, place);
      const there = same ?? place;
      // A row that is known stays for its own successor.
      if (!there || (!same && (key(child) !== undefined || key(there) !== undefined))) {
        old.insertBefore(child, place);
        continue;
      }
      place = there.nextSibling;
      morph(there, child);
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  function age(seconds) {
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} d`;
  }

  function countOn() {
    const now = Date.parse(main.dataset.now) + performance.now() - cameAt;
    for (const time of main.querySelectorAll('time')) {
      const seconds = Math.max(0, Math.floor((now - Date.parse(time.dateTime)) / 1000));
      const text = `${age(seconds)} ago`;
      if (time.firstChild.data !== text) time.firstChild.data = text;
    }
  }

  async function refresh() {
    clearTimeout(timer);
    try {
      const response = await fetch('/', { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-store' });
      if (!response.ok) throw new Error(`it answers with status ${response.status}`);
      const text = await response.text();
      const page = new DOMParser().parseFromString(text, 'text/html');
      const fresh = page.querySelector('main');
      if (!fresh) throw new Error('it answers with another page');
      if (isStopped) return;
      morph(main, fresh);
      document.title = page.title;
      cameAt = performance.now();
      lastUpdate = new Date();
      say('');
    } catch (error) {
      const why = error instanceof TypeError || error.name === 'TimeoutError' ? 'it does not answer' : error.message;
      say(`The exporter cannot be read: ${why}. Last update ${lastUpdate.toLocaleTimeString()}; what is below is of then.`);
    }
    countOn();
    plan();
  }

  function say(text) {
    if (lost.textContent !== text) lost.textContent = text;
  }

  function plan() {
    clearTimeout(timer);
    const isPaused = isStopped || document.hidden;
    if (!isPaused) timer = setTimeout(refresh, PERIOD_MS);
    button.textContent = isStopped ? 'Refresh again' : 'Stop refreshing';
    note.textContent = isStopped ? 'This page stands still.' : `Refreshed every ${PERIOD_MS / 1000} s.`;
  }

  button.hidden = false;
  button.addEventListener('click', () => {
    isStopped = !isStopped;
    if (isStopped) plan();
    else refresh();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || isStopped) plan();
    else refresh();
  });
  setInterval(() => { if (!document.hidden) countOn(); }, 1000);
  countOn();
  plan();
})();
