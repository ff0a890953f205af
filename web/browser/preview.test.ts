import { expect, test } from 'vitest';
import { draftOf, emptyDraft, rulesOf, type Draft, type Place } from '../src/rules/draft';
import type { Rule } from '../src/api/hooks';
import { endScene, good, goodURL, made, page, scene } from './scene';
import { call, loaded, until, url } from './stage';

// What people choose in the wizard against what the API then matches and sends.

scene();

const kinds = { TODO_CREATED: 'Record created', COMMENT_CREATED: 'Comment written', TAG_CREATED: 'Tag created' };
const types = Object.keys(kinds) as (keyof typeof kinds)[];

interface Preview {
  matched: number;
  sampled: boolean;
}

test('grid: random ticks become rules that match just those events, and are read back as the same ticks', { timeout: 900_000 }, async () => {
  const other = `${made.website}-zeta`;
  await call('PUT', `/v1/companies/${other}`, { name: 'Zeta' });
  for (const n of [1, 2]) {
    await call('PUT', `/v1/projects/${other}-${n}`, { company_id: other, name: `Zeta ${n}` });
    await call('PUT', `/v1/projects/${other}-${n}/members/${made.user}`);
  }
  const { data: before } = await call<{ data: { accepted_at: string }[] }>('GET', '/v1/events?limit=1', undefined, made.key);
  const since = new Date(Date.parse(before[0]?.accepted_at ?? '') + 1).toISOString();
  // Each place has another number of events of each type: the sum tells which ticks count.
  const within: Record<Place, string[]> = { [`p:${made.website}`]: [made.website], [`p:${made.shop}`]: [made.shop], [`c:${other}`]: [`${other}-1`, `${other}-2`] };
  const places = Object.keys(within) as Place[];
  const many = new Map<string, number>();
  const events = places.flatMap((place, row) =>
    types.flatMap((type, column) => {
      const number = 2 ** (row * 3 + column);
      many.set(`${place} ${type}`, number);
      const projects = within[place] ?? [];
      return Array.from({ length: number }, (_, n) => ({ type, project_id: projects[n % projects.length], current: { id: n } }));
    }),
  );
  for (let at = 0; at < events.length; at += 500) await call('POST', '/v1/events/batch', { events: events.slice(at, at + 500) });
  const label = (place: Place, type: keyof typeof kinds) => `${place.startsWith('c:') ? 'All of Zeta, also later projects' : place === `p:${made.website}` ? 'Website' : 'Shop'}: ${kinds[type]}`;

  for (let n = 0; n < 30; n++) {
    let pattern = 0;
    const ticked = (row: number, column: number) => ((pattern >> (row * 3 + column)) & 1) === 1;
    // Each row and column has a tick, and not all rows are alike: such a choice needs no grid.
    const rowOf = (row: number) => (pattern >> (row * 3)) & 7;
    while ([0, 1, 2].some((i) => rowOf(i) === 0 || ![0, 1, 2].some((row) => ticked(row, i))) || (rowOf(0) === rowOf(1) && rowOf(1) === rowOf(2))) pattern = Math.floor(Math.random() * 512);
    const grid = Object.fromEntries(places.map((place, row) => [place, types.filter((_, column) => ticked(row, column))]));
    const draft: Draft = { ...emptyDraft, what: 'some', types, where: 'some', places, grid };
    const rules = rulesOf(draft);
    const preview = await call<Preview>('POST', '/v1/webhooks/preview', { rules, since }, made.key);
    expect(preview, `pattern ${pattern}: ${JSON.stringify(rules)}`).toMatchObject({ sampled: false, matched: pattern });
    expect(places.flatMap((place) => (grid[place] ?? []).map((type) => many.get(`${place} ${type}`) ?? 0)).reduce((a, b) => a + b), 'a pattern is its own number of events').toBe(pattern);

    const { id, rules: kept } = await call<{ id: string; rules: Rule[] }>('POST', '/v1/webhooks', { name: `Pattern ${pattern}`, url: `${goodURL}/grid`, rules }, made.key);
    expect(draftOf(kept)?.places.toSorted()).toEqual(places.toSorted());
    await page.goto(`${url}/webhooks/${id}/settings`);
    await page.getByRole('grid').waitFor();
    const boxes = await page.getByRole('grid').locator('tbody td input:checked').evaluateAll((all) => all.map((box) => box.getAttribute('aria-label')));
    expect(boxes.toSorted(), `pattern ${pattern}`).toEqual(places.flatMap((place) => (grid[place] as (keyof typeof kinds)[]).map((type) => label(place, type))).toSorted());
    await call('DELETE', `/v1/webhooks/${id}`, undefined, made.key);
  }
});

test('preview: its number is what arrives when the same events are posted again', async () => {
  const post = async (round: string) => {
    const events = Array.from({ length: 60 }, (_, n) => ({
      id: `${made.event}-${round}-${n}`,
      type: n % 3 === 0 ? 'TODO_MOVED' : 'TAG_DELETED',
      project_id: n % 2 === 0 ? made.shop : made.website,
      previous: { id: n, total: 1 },
      current: { id: n, total: n },
    }));
    await call('POST', '/v1/events/batch', { events });
  };
  await post('first');
  await page.goto(`${url}/webhooks/new`);
  const draft = { what: 'some', types: ['TODO_MOVED', 'TAG_DELETED'], where: 'some', places: [`p:${made.shop}`], grid: null, filter: '(has(current.total) && current.total != null && current.total > 10)' };
  await page.evaluate((value) => sessionStorage.setItem('godwit.draft.webhooks-new', JSON.stringify(value)), draft);
  await page.reload();
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/as-in-the-preview`);
  for (let step = 1; step < 5; step++) await page.getByRole('button', { name: 'Next', exact: true }).click();
  const text = await page.getByTestId('preview').getByText(/events would have been sent/).innerText();
  const number = Number(/\d+/.exec(text)?.[0]);
  expect(number).toBe(24); // 12, 14 … 58
  await page.getByRole('button', { name: 'Create the webhook' }).click();
  await page.getByRole('heading', { level: 1, name: /is on$/ }).waitFor();
  await page.getByRole('checkbox', { name: 'I have stored it' }).check();
  await page.goto(`${url}/webhooks`);
  await loaded(page)();
  const { data } = await call<{ data: { id: string; url: string }[] }>('GET', '/v1/webhooks?limit=200', undefined, made.key);
  const id = data.find((w) => w.url.endsWith('/as-in-the-preview'))?.id ?? '';
  await post('again');
  const ended = await until('the second round is delivered', async () => {
    const { data: deliveries } = await call<{ data: { status: string }[] }>('GET', `/v1/deliveries?webhook_id=${id}&limit=200`, undefined, made.key);
    return deliveries.length >= number && deliveries.every((d) => d.status === 'succeeded') && deliveries;
  });
  expect(ended.length).toBe(number);
  expect(good.got.filter((r) => r.headers['godwit-webhook'] === id).length, 'each arrived once').toBe(number);
});

endScene();
