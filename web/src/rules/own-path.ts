const home = '/webhooks';

// ownPath keeps a path of the app and drops everything else: nobody can be led
// elsewhere by a link. A browser takes //host and /\host for another host, drops tabs
// and line breaks, and resolves dots.
export function ownPath(next: string | undefined, origin: string): string {
  if (!next || !/^\/(?![/\\])[^\\\u0000-\u0020\u007f]*$/.test(next)) return home;
  try {
    const led = new URL(next, origin);
    return led.origin === origin && !/^\/([/\\]|sign-in|portal)/.test(decodeURIComponent(led.pathname)) ? next : home;
  } catch {
    return home;
  }
}
