import createClient from 'openapi-fetch';
import { base } from '../base';
import { heard, now } from './clock';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];
export type Code = Problem['code'] | 'offline';

// Failure is whatever keeps a request from being answered: a problem of the API,
// or no way to it.
export class Failure extends Error {
  readonly at = new Date(now());
  constructor(
    readonly code: Code,
    readonly problem?: Problem,
    // seconds that the server asks to wait
    readonly retryAfter?: number,
  ) {
    super(problem?.detail ?? code);
  }
}

export const api = createClient<paths>({ baseUrl: base.replace(/\/$/, ''), credentials: 'same-origin' });

api.use({
  onResponse({ response }) {
    heard(response.headers.get('Date'));
    return undefined;
  },
});

type Answer = { data?: unknown; error?: unknown; response: Response };
type Data<A> = A extends { data: infer D } ? D : never;

// answered gives what a call was answered with, or throws a Failure.
export async function answered<A extends Answer>(call: Promise<A>): Promise<{ data: Data<A>; response: Response }> {
  let answer: A;
  try {
    answer = await call;
  } catch {
    throw new Failure('offline');
  }
  const { response, error } = answer;
  if (response.ok) return { data: answer.data as Data<A>, response };
  const wait = Number(response.headers.get('Retry-After')) || undefined;
  if (typeof error === 'object' && error && 'code' in error) throw new Failure((error as Problem).code, error as Problem, wait);
  // Something in front of Godwit has answered.
  throw new Failure(response.status === 401 ? 'unauthorized' : 'unavailable', undefined, wait);
}

export const ok = async <A extends Answer>(call: Promise<A>): Promise<Data<A>> => (await answered(call)).data;

// onceKey names a form that is sent: however often it is, it is carried out once.
export const onceKey = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
