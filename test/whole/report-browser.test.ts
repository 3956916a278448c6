/**
 * The report in a real browser: it loads without a word on the console, shows its figures, and never
 * scrolls sideways. Needs Chromium: the variable CHROMIUM, or /usr/bin/chromium.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildReport } from '#emars/report/build.js';
import { writeFixtureRun } from '../plain/report/fixture-run.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const missing = !existsSync(executablePath);
if (missing)
  console.warn(
    `SKIPPED: the report was not looked at in a browser, there is no Chromium at ${executablePath}; install it or set CHROMIUM`,
  );

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const WIDTHS = [1280, 390];

describe.skipIf(missing)('the report in a browser', () => {
  let browser: Browser;
  let folder = '';
  const pages = new Map<string, string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'emars-browser-'));
    await writeFixtureRun(join(folder, 'quick'), {
      failure: 'no answer within 60 s: '.concat('x'.repeat(300)),
    });
    await writeFixtureRun(join(folder, `long-${'name'.repeat(40)}`), {
      net: 'paper',
      epochs: 6,
      population: 20,
      status: 'interrupted',
      shuffleLabels: true,
      classes: ['a class with a rather long name', 'NCP'],
    });
    for (const name of ['quick', `long-${'name'.repeat(40)}`])
      pages.set(name.split('-', 1)[0] ?? '', (await buildReport(join(folder, name))).html);
    browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (
    name: string,
    width: number,
    colorScheme: 'light' | 'dark',
  ): Promise<{ page: Page; words: string[]; requests: string[] }> => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const words: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => words.push(message.text()));
    page.on('pageerror', (error) => words.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(pages.get(name)!).href);
    return { page, words, requests };
  };

  const situations = ['quick', 'long'].flatMap((name) =>
    WIDTHS.flatMap((width) => (['light', 'dark'] as const).map((scheme) => [name, width, scheme] as const)),
  );
  test.each(situations)(
    '%s at %i pixels, %s: no console message, one request, four visible figures, no sideways scrolling',
    async (name, width, scheme) => {
      const { page, words, requests } = await open(name, width, scheme);
      expect(words).toEqual([]);
      expect(requests).toHaveLength(1);
      const drawings = await page.locator('figure svg:visible').all();
      expect(drawings).toHaveLength(4);
      for (const drawing of drawings) {
        const box = await drawing.boundingBox();
        expect(box?.width).toBeGreaterThan(width / 2);
        expect(box?.height).toBeGreaterThan(200);
      }
      // Everything open: what is folded must not make the page wider either.
      await page.evaluate(
        `document.querySelectorAll('details').forEach((part) => part.setAttribute('open', ''))`,
      );
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.close();
    },
  );

  test('text stands out from its ground by 4.5 : 1 and more, light and dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open('long', 1280, scheme);
      const weak = await page.evaluate(CONTRAST_PROBE);
      expect(weak, scheme).toEqual([]);
      await page.close();
    }
  });

  test('on a phone the front table says that it goes on to the side', async () => {
    for (const [width, announced] of [
      [390, true],
      [1280, false],
    ] as const) {
      const { page } = await open('quick', width, 'light');
      const hint = page.locator('#pareto-front .caption .sideways').first();
      expect(await hint.isVisible(), `${width} pixels`).toBe(announced);
      await page.close();
    }
  });

  test('on paper nothing stays folded, and the front is drawn on the first page', async () => {
    const { page } = await open('quick', 1280, 'light');
    const folded = `[...document.querySelectorAll('details > :not(summary)')].map((part) => part.checkVisibility())`;
    const onScreen = await page.evaluate<boolean[]>(folded);
    expect(onScreen.length).toBeGreaterThan(1);
    expect(onScreen).toEqual(onScreen.map(() => false));
    // A4 less the margins of the style sheet, at 96 pixels an inch.
    const paper = { width: Math.round((178 / 25.4) * 96), height: Math.round((261 / 25.4) * 96) };
    await page.setViewportSize(paper);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate(folded)).toEqual(onScreen.map(() => true));
    const figure = await page.locator('#figure-front').boundingBox();
    expect((figure?.y ?? Infinity) + (figure?.height ?? 0)).toBeLessThan(paper.height);
    await page.close();
  });

  test('in the dark the figures change their colours', async () => {
    const fills: unknown[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open('quick', 1280, scheme);
      fills.push(
        await page.evaluate(
          `[...new Set([...document.querySelectorAll('#figure-size-accuracy .wide circle, #figure-size-accuracy .wide text')].map((part) => getComputedStyle(part).fill))].sort()`,
        ),
      );
      await page.close();
    }
    const [light, dark] = fills as [string[], string[]];
    expect(light).toContain('rgb(106, 61, 154)');
    expect(dark).toContain('rgb(184, 153, 240)');
    expect(dark).not.toContain('rgb(106, 61, 154)');
  });
});

/** Runs in the page: texts whose contrast (WCAG 2.1) with the nearest opaque ground is below 4.5. */
const CONTRAST_PROBE = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => { for (let e = element; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === '' || element.closest('title, desc, style, .genome')) continue;
    const drawn = element.closest('figure svg');
    const ink = light(numbers(getComputedStyle(element)[drawn ? 'fill' : 'color']));
    const paper = light(ground(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) weak.add(element.tagName + '.' + element.getAttribute('class') + ' ' + ratio.toFixed(2) + ' ' + walker.currentNode.data.slice(0, 20));
  }
  return [...weak];
})()`;
