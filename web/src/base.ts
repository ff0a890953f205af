import type { Schemas } from './api/client';

// base is the path that the app is served below, from <base href>: "/" or "/path/".
export const base = new URL(document.baseURI).pathname;

const meta = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';

// nonce allows this page's styles; the server makes a new one for each page.
export const nonce = meta('nonce');

export type App = Schemas['AppView'];

const godwit: App = {
  name: 'Godwit',
  logo: null,
  accent: null,
  sign_in_url: null,
  languages: ['en', 'de', 'pl'],
  version: '',
  features: { mail: false, play: false, temporal_links: 'admins', chat_formats: [] },
};

// app is how this installation shows itself, as GET /v1/app tells it.
export const app: App = read(meta('app'));

function read(text: string): App {
  try {
    return { ...godwit, ...(JSON.parse(text) as App) };
  } catch {
    return godwit; // a page that the API did not make
  }
}
