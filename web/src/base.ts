// base is the path that the app is served below, from <base href>: "/" or "/path/".
export const base = new URL(document.baseURI).pathname;

const meta = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';

// nonce allows this page's styles; the server makes a new one for each page.
export const nonce = meta('nonce');
