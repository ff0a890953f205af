import { expect, test } from 'vitest';
import { ownPath } from './own-path';

const origin = 'https://godwit.example';

test('paths of the app are kept', () => {
  for (const next of ['/', '/webhooks/wh_1/settings', '/deliveries?status=failed&since=2026-05-04T09:30:00Z', '/webhooks?q=//a', '/events/gid:%2F%2Fshop', '/events/a%7Cb', '/webhooks#rules', '/webhooks?q=ä'])
    expect(ownPath(next, origin)).toBe(next);
});

test('everything else is dropped', () => {
  const hostile = [
    undefined, '', 'webhooks', '?a', '#a', ' /webhooks', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example', 'javascript:alert(1)', 'data:text/html,a',
    '/\t/evil.example', '\t//evil.example', '/\n/evil.example', '/\r\n//evil.example', '/a\u0000b', '/a\\b',
    '/%2Fevil.example', '/%2f/evil.example', '/%5Cevil.example', '/.//evil.example', '/a/..//evil.example', '/%2e//evil.example', '/a/%2e%2e//evil.example',
    '/sign-in', '/sign-in?next=/webhooks', '/portal', '/portal#ABC', '/%70ortal', '/a/../portal', '/%', '/%zz',
  ];
  for (const next of hostile) expect(ownPath(next, origin), JSON.stringify(next)).toBe('/webhooks');
});
