// What must hold of a page that is open in the browser. Each answers what is wrong, in words.

/// At a narrow width only regions may scroll sideways, never the page.
export async function overflow(page) {
  const [content, width] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  return content > width ? [`the page is ${content} wide in a window of ${width}`] : [];
}

export async function axe(page, source) {
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.map((found) => {
    const places = found.nodes.slice(0, 3).map((node) => node.target.join(' '));
    return `axe ${found.id}: ${found.help}: ${places.join(' | ')}`;
  });
}

/// Whatever can be used is reached by Tab, and shows that it is.
export async function keyboard(page) {
  const all = await page.evaluate(() => {
    const usable = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    const seen = (element) => element.checkVisibility({ visibilityProperty: true });
    globalThis.usable = [...document.querySelectorAll(usable)].filter(seen);
    document.activeElement?.blur();
    return globalThis.usable.map((element) => element.outerHTML.slice(0, 90));
  });
  const faults = [];
  const reached = new Set();
  for (let step = 0; step < all.length + 2; step++) {
    await page.keyboard.press('Tab');
    const { index, marked } = await page.evaluate(() => {
      const element = document.activeElement;
      const of = (one) => getComputedStyle(one);
      const outlined = (one) => of(one).outlineStyle !== 'none' && parseFloat(of(one).outlineWidth) > 0;
      const box = element.querySelector(':scope > rect');
      const stroked = box !== null && of(box).stroke !== 'none' && parseFloat(of(box).strokeWidth) >= 2;
      return { index: globalThis.usable.indexOf(element), marked: outlined(element) || stroked };
    });
    if (index < 0) continue;
    if (!marked) faults.push(`the focus is not seen on ${all[index]}`);
    reached.add(index);
  }
  const missed = all.filter((_, index) => !reached.has(index));
  return [...faults, ...missed.map((element) => `Tab does not reach ${element}`)];
}

/// Headings begin at one and skip no level; there is one main, and a table has a caption.
export async function outline(page) {
  return page.evaluate(() => {
    const faults = [];
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]));
    if (levels.filter((level) => level === 1).length !== 1) faults.push('there is not one h1');
    levels.forEach((level, place) => {
      if (level > (levels[place - 1] ?? 0) + 1) faults.push(`h${level} skips a level`);
    });
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption) faults.push('a table has no caption');
    }
    for (const head of document.querySelectorAll('th:not([scope])')) {
      faults.push(`a head has no scope: ${head.textContent}`);
    }
    return faults;
  });
}
