import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { url } from './stage';

export const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const shots = process.env['GODWIT_SHOTS'];

export interface Finding {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

export type View = [language: string, theme: string, width: number];
const all = ['de', 'pl', 'en'].flatMap((l) => ['dark', 'light'].flatMap((t) => [390, 1280].map((w): View => [l, t, w])));

// views have each language, colour and width, and each width in both colours. With
// GODWIT_AXE=all they are all that there are, which takes minutes.
export const views: View[] =
  process.env['GODWIT_AXE'] === 'all'
    ? all
    : [
        ['de', 'dark', 390],
        ['pl', 'light', 390],
        ['pl', 'dark', 1280],
        ['en', 'light', 1280],
      ];

export async function show(p: Page, [language, theme, width]: View) {
  await p.evaluate(
    (values) => {
      for (const [key, newValue] of Object.entries(values)) {
        localStorage.setItem(key, newValue);
        window.dispatchEvent(new StorageEvent('storage', { key, newValue, storageArea: localStorage }));
      }
    },
    { 'godwit.language': language, 'godwit.theme': theme },
  );
  await p.waitForFunction(([l, t]) => document.documentElement.lang === l && document.documentElement.dataset['mantineColorScheme'] === t, [language, theme]);
  await p.setViewportSize({ width, height: 900 });
}

// faults are those that axe finds in what is on the screen.
export async function faults(p: Page, where: string): Promise<string[]> {
  const violations = (await p.evaluate('axe.run({ resultTypes: ["violations"] }).then((r) => r.violations)')) as Finding[];
  return violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 200)} ${n.failureSummary ?? ''}`).slice(0, 3).join(' | ')}`);
}

// everywhere looks at a page in these views, and at its width in the narrowest.
// It leaves English behind. With GODWIT_SHOTS it takes pictures.
export async function everywhere(p: Page, path: string, ready: () => Promise<unknown>, name = path): Promise<string[]> {
  const findings: string[] = [];
  const wide = async (where: string) => {
    const px = await p.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (px > 0) findings.push(`${where}: ${px} px too wide`);
  };
  await p.goto(url + path);
  await ready();
  await p.evaluate(axe);
  for (const view of views) {
    await show(p, view);
    const where = `${path} ${view.join(' ')}`;
    findings.push(...(await faults(p, where)));
    await wide(where);
  }
  for (const view of shots ? all.filter(([language]) => language === 'en') : []) {
    await show(p, view);
    await p.screenshot({ path: `${shots}/${name.replace(/[^a-z0-9]+/gi, '-').slice(1)}-${view[1]}-${view[2]}.png`, fullPage: true });
  }
  await show(p, ['de', 'light', 320]);
  await wide(`${path} de light 320`);
  await show(p, ['en', 'light', 1280]);
  return findings;
}
