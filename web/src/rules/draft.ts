import type { EventType, Rule } from '../api/hooks';

// Place is a row of the grid: a project, or a whole company with what it will have.
export type Place = `p:${string}` | `c:${string}`;

// Draft is what the wizard asks for. null = nothing was chosen yet; nothing is
// ever taken for everything.
export interface Draft {
  name: string;
  url: string;
  what: 'everything' | 'some' | 'together' | null;
  types: string[];
  together: Together;
  own: string[]; // what happens to my webhooks
  where: 'everywhere' | 'some' | null;
  places: Place[];
  // grid has the types of each place, where they differ; null = all places have all types
  grid: Partial<Record<Place, string[]>> | null;
  filter: string;
  // unfinished says that a line of the condition asks for nothing yet: nobody should
  // go on without the condition by accident.
  unfinished?: boolean;
}

// Together is a combination: all parts for the same thing, close to one another.
export interface Together {
  parts: string[];
  within: number;
  unit: 's' | 'm' | 'h' | 'd';
  same: string;
  inOrder: boolean;
  unless: string;
}

export const fewestParts = 2;
export const mostParts = 5;

export const emptyDraft: Draft = {
  name: '',
  url: '',
  what: null,
  types: [],
  together: { parts: ['', ''], within: 10, unit: 'm', same: 'current.id', inOrder: false, unless: '' },
  own: [],
  where: null,
  places: [],
  grid: null,
  filter: '',
};

// operational says that a type is about the owner's webhooks, not about a project.
export const operational = (type: string) => type.startsWith('webhook.') || type === 'delivery.failed';

// publishable are the types that a person can choose for a new rule.
export const publishable = (types: EventType[]) => types.filter((t) => !t.archived_at && !operational(t.name) && t.name !== 'combination' && t.name !== 'WEBHOOK_HEALTH_CHECK');

const projectsOf = (places: Place[]) => places.filter((p) => p.startsWith('p:')).map((p) => p.slice(2));
const companiesOf = (places: Place[]) => places.filter((p) => p.startsWith('c:')).map((p) => p.slice(2));

const placesOf = (r: Rule): Place[] => [...(r.projects ?? []).map((p): Place => `p:${p}`), ...(r.companies ?? []).map((c): Place => `c:${c}`)];

function scoped(events: string[], places: Place[], filter: string): Rule {
  const [projects, companies] = [projectsOf(places), companiesOf(places)];
  return {
    events,
    ...(projects.length > 0 && { projects }),
    ...(companies.length > 0 && { companies }),
    ...(filter && { filter }),
  };
}

// rulesOf makes the rules of a draft, and none of a draft that is not complete.
export function rulesOf(d: Draft): Rule[] {
  const rules: Rule[] = [];
  if (d.what === 'together') {
    if (complete(d.together) && (d.where === 'everywhere' || (d.where === 'some' && d.places.length > 0))) rules.push(combinationOf(d.together, d.where === 'some' ? d.places : []));
    return d.own.length > 0 ? [...rules, { events: d.own }] : rules;
  }
  const events = d.what === 'everything' ? ['*'] : d.what === 'some' ? d.types : [];
  if (events.length > 0 && d.where === 'everywhere') rules.push(scoped(events, [], d.filter));
  if (events.length > 0 && d.where === 'some') {
    for (const { types, places } of rowsOf(d.grid, d.places, events)) rules.push(scoped(types, places, d.filter));
  }
  if (d.own.length > 0) rules.push({ events: d.own });
  return rules;
}

export const complete = (c: Together) => c.parts.length >= fewestParts && c.parts.every(Boolean) && Number.isInteger(c.within) && c.within > 0;

export function combinationOf(c: Together, places: Place[] = []): Rule {
  const { projects, companies } = scoped([], places, '');
  return {
    all_of: c.parts.map((type) => ({ events: [type] })),
    within: `${c.within}${c.unit}`,
    same: c.same,
    ...(c.inOrder && { in_order: true }),
    ...(c.unless && { none_of: [{ events: [c.unless] }] }),
    ...(projects && { projects }),
    ...(companies && { companies }),
  };
}

// ready says whether a step of the wizard has what the next one needs.
export function ready(d: Draft, step: 'what' | 'where'): boolean {
  if (step === 'what') {
    if (d.what === null) return d.own.length > 0;
    return d.what === 'everything' || (d.what === 'some' && d.types.length > 0) || (d.what === 'together' && complete(d.together));
  }
  if (d.what === null) return d.own.length > 0;
  return d.where === 'everywhere' || (d.where === 'some' && d.places.length > 0 && rulesOf(d).length > (d.own.length > 0 ? 1 : 0));
}

// rowsOf puts places with the same types together, so that one rule says it. A
// place without types is in none: an empty list would mean all.
function rowsOf(grid: Draft['grid'], places: Place[], events: string[]): { types: string[]; places: Place[] }[] {
  const rows = new Map<string, { types: string[]; places: Place[] }>();
  for (const place of places) {
    const types = grid ? events.filter((t) => grid[place]?.includes(t)) : events;
    if (types.length === 0) continue;
    const key = types.join(' ');
    const row = rows.get(key) ?? { types, places: [] };
    row.places.push(place);
    rows.set(key, row);
  }
  return [...rows.values()];
}

const known = new Set(['events', 'projects', 'companies', 'filter']);
const knownTogether = new Set(['all_of', 'within', 'same', 'in_order', 'none_of', 'projects', 'companies']);

// says tells whether a rule says anything besides, which would be lost.
const says = (r: object, names: Set<string>) => Object.entries(r).some(([key, value]) => !names.has(key) && value !== null && value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0));

// togetherOf reads a combination back, where the wizard could have made it.
function togetherOf(r: Rule): Together | undefined {
  const within = /^([1-9]\d*)([smhd])$/.exec(r.within ?? '');
  const parts = [...(r.all_of ?? []), ...(r.none_of ?? [])];
  if (!within || says(r, knownTogether) || parts.some((p) => says(p, new Set(['events'])) || p.events?.length !== 1 || p.events[0]?.includes('*'))) return undefined;
  const all = (r.all_of ?? []).map((p) => p.events?.[0] ?? '');
  if (all.length < fewestParts || all.length > mostParts || (r.none_of?.length ?? 0) > 1) return undefined;
  return { parts: all, within: Number(within[1]), unit: within[2] as Together['unit'], same: r.same ?? 'project_id', inOrder: r.in_order === true, unless: r.none_of?.[0]?.events?.[0] ?? '' };
}

// draftOf reads rules back, where the wizard could have made them.
export function draftOf(rules: Rule[], name = '', url = ''): Draft | undefined {
  const [combined, ...others] = rules.filter((r) => r.all_of?.length);
  if (combined) {
    const together = others.length === 0 ? togetherOf(combined) : undefined;
    const rest = draftOf(rules.filter((r) => r !== combined), name, url);
    if (!together || !rest || rest.what !== null) return undefined;
    const places = placesOf(combined);
    return { ...rest, what: 'together', together, where: places.length > 0 ? 'some' : 'everywhere', places };
  }
  if (rules.some((r) => says(r, known))) return undefined;
  const own = rules.filter((r) => r.events?.some(operational));
  const rest = rules.filter((r) => !own.includes(r));
  if (own.length > 1 || own.some((r) => r.filter || r.projects?.length || r.companies?.length)) return undefined;
  if (rest.some((r) => !r.events?.length)) return undefined;
  const filters = new Set(rest.map((r) => r.filter ?? ''));
  if (filters.size > 1) return undefined;
  const draft: Draft = { ...emptyDraft, name, url, own: own[0]?.events ?? [], filter: [...filters][0] ?? '' };
  if (rest.length === 0) return draft;

  const everywhere = rest.filter((r) => placesOf(r).length === 0);
  if (everywhere.length > 0 && rest.length > 1) return undefined;
  const everything = rest.some((r) => r.events?.includes('*'));
  if (everything && (rest.length > 1 || rest[0]?.events?.length !== 1)) return undefined;
  if (!everything && rest.some((r) => r.events?.some((e) => e.includes('*')))) return undefined;

  draft.what = everything ? 'everything' : 'some';
  draft.types = everything ? [] : [...new Set(rest.flatMap((r) => r.events ?? []))];
  draft.where = everywhere.length > 0 ? 'everywhere' : 'some';
  const grid: NonNullable<Draft['grid']> = {};
  for (const r of rest) for (const place of placesOf(r)) grid[place] = [...new Set([...(grid[place] ?? []), ...(r.events ?? [])])];
  draft.places = Object.keys(grid) as Place[];
  draft.grid = rest.length > 1 ? grid : null;
  return draft;
}

// everythingIn says that a rule reaches all that its owner can see.
export const everythingIn = (rules: Rule[]) => rules.some((r) => r.events?.includes('*') && !r.projects?.length && !r.companies?.length && !r.filter && !r.not_events?.length);

// reaches says that a rule is about a project: it names it or its company, or all.
export const reaches = (rules: Rule[], project: { id: string; company_id: string }) =>
  rules.some(
    (r) =>
      !r.events?.every(operational) &&
      ((!r.projects?.length && !r.companies?.length) || r.projects?.includes(project.id) || r.companies?.includes(project.company_id)),
  );
