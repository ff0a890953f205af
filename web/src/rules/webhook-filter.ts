import type { Project, Webhook } from '../api/hooks';
import { reaches } from './draft';
import { hostOf } from './receivers';
import { needsYou } from './state';

// shows are the parts of the list of webhooks: what the server is asked for, and the same
// of rows that are here already.
const shows = {
  all: { query: {}, fits: () => true },
  working: { query: { enabled: 'true', status: 'HEALTHY' }, fits: (w: Webhook) => w.enabled && w.status === 'HEALTHY' },
  failing: { query: { enabled: 'true', status: 'DEGRADED' }, fits: (w: Webhook) => w.enabled && w.status === 'DEGRADED' },
  need: { query: { stuck: 'true' }, fits: needsYou },
  off: { query: { enabled: 'false' }, fits: (w: Webhook) => !w.enabled },
} as const;

export type Show = keyof typeof shows;

export const showNames = Object.keys(shows) as Show[];

export const showOf = (name: string | undefined): Show => showNames.find((s) => s === name) ?? 'all';

// shown says whether a webhook is in a part of the list.
export const shown = (show: Show, w: Webhook) => shows[show].fits(w);

export interface WebhookFilter {
  show: Show;
  words: string;
  owner: string | undefined;
  project: Project | undefined;
}

// asQuery is what the server is asked for; empty without a filter.
export const asQuery = (f: WebhookFilter) => ({
  ...shows[f.show].query,
  ...(f.words && { q: f.words }),
  ...(f.owner && { owner_id: f.owner }),
  ...(f.project && { reaches: f.project.id }),
});

export type WebhookQuery = ReturnType<typeof asQuery>;

// fits is asQuery for rows that are here.
export const fits = (f: WebhookFilter, w: Webhook) =>
  shown(f.show, w) &&
  (!f.owner || w.owner_id === f.owner) &&
  (!f.project || reaches(w.rules, f.project)) &&
  (!f.words || w.id.startsWith(f.words) || `${w.name}\n${hostOf(w.url)}`.toLowerCase().includes(f.words.toLowerCase()));
