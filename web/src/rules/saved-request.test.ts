import { expect, test } from 'vitest';
import { base64, headerOf, readHeaders, splitRequest } from './saved-request';

const bytes = (text: string) => new TextEncoder().encode(text);

test('headers are read as people have them', () => {
  const want = { 'webhook-id': 'evt_1', 'Webhook-Signature': 'v1,AA== v1,BB==' };
  for (const text of [
    'webhook-id: evt_1\nWebhook-Signature: v1,AA== v1,BB==',
    'POST /hook HTTP/1.1\r\nwebhook-id: evt_1\r\nWebhook-Signature:v1,AA== v1,BB==\r\n',
    '> POST /hook HTTP/2\n> webhook-id: evt_1\n> Webhook-Signature: v1,AA== v1,BB==\n>',
    '{"webhook-id":"evt_1","Webhook-Signature":["v1,AA== v1,BB=="]}',
    "{\n  'webhook-id': 'evt_1',\n  'Webhook-Signature': 'v1,AA== v1,BB=='\n}",
    'webhook-id: evt_1\nWEBHOOK-ID: evt_2\nWebhook-Signature: v1,AA== v1,BB==',
  ])
    expect(readHeaders(text), text).toEqual({ headers: want, bad: [] });
  expect(readHeaders('')).toEqual({ headers: {}, bad: [] });
  expect(readHeaders('webhook-id: 1\nno header\n\n<b>: x').bad).toEqual([2, 4]);
  expect(headerOf({ 'WebHook-Id': '1' }, 'webhook-id')).toBe('1');
});

test('a whole request is divided, and each byte of its body kept', () => {
  for (const [whole, headers, body] of [
    ['POST / HTTP/1.1\nwebhook-id: 1\n\n{"a":1}\n\nb', 'POST / HTTP/1.1\nwebhook-id: 1', '{"a":1}\n\nb'],
    ['webhook-id: 1\r\n\r\n\r\n', 'webhook-id: 1\r', '\r\n'],
  ] as const) {
    const got = splitRequest(bytes(whole));
    expect(got?.headers).toBe(headers);
    expect(got?.body).toEqual(bytes(body));
  }
  for (const none of ['{"a": 1}\n\n{}', '', 'webhook-id: 1', '\n\nx', 'Dear all\n\nbody']) expect(splitRequest(bytes(none)), none).toBeUndefined();
});

test('a body of any bytes becomes base64', () => {
  expect(base64(new Uint8Array([255, 0, 13, 10]))).toBe('/wANCg==');
  expect(atob(base64(new Uint8Array(100_000).fill(7)))).toBe('\u0007'.repeat(100_000));
});
