import { Button } from '@mantine/core';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { Failure } from '../api/client';
import { now } from '../api/clock';
import type { Status } from '../api/hooks';
import { app, base } from '../base';
import { useWords, type Key } from '../i18n';
import { toneOf, type State, type Tone } from '../rules/state';
import { useClamp } from './clamp';
import { Faults } from './findings';
import { Icon, type IconName } from './icons';

// Page has the heading, which gets the focus after each navigation, and names the tab.
export function Page({ title, actions, children, lead }: { title: string; actions?: ReactNode; lead?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const clamp = useClamp(heading, title);
  useEffect(() => {
    document.title = `${title} · ${app.name}`;
  }, [title]);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="page">
      <div className="title">
        <div className="stack tight">
          <div className="whole">
            <h1 ref={heading} tabIndex={-1} dir="auto" className={clamp.className}>
              {title}
            </h1>
            {clamp.button}
          </div>
          {lead}
        </div>
        {actions && <div className="row">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

export function Card({ title, children, actions }: { title?: string; children: ReactNode; actions?: ReactNode }) {
  const id = useId();
  return (
    <div className="card" role={title ? 'group' : undefined} aria-labelledby={title ? id : undefined}>
      {(title || actions) && (
        <div className="row between">
          {title && <h2 id={id}>{title}</h2>}
          {actions}
        </div>
      )}
      {children}
    </div>
  );
}

export function Loading() {
  const { t } = useWords();
  return (
    <div className="loading" role="status">
      <span className="hidden">{t('loading')}</span>
      <i />
      <i />
      <i />
    </div>
  );
}

// Empty stands where a list has nothing to show; guide is the heading that says why
// that may be, and what to do.
export function Empty({ title, guide, children }: { title: string; guide: string; children?: ReactNode }) {
  return (
    <div className="card empty">
      <h2>{title}</h2>
      {children}
      <Guide to={guide} />
    </div>
  );
}

export function Note({ tone = 'quiet', title, children }: { tone?: Tone; title?: string; children?: ReactNode }) {
  return (
    <div className={`note ${tone}`}>
      {title && (
        <p>
          <strong>{title}</strong>
        </p>
      )}
      {children}
    </div>
  );
}

// Problem tells what went wrong in the reader's words; the API's own are folded.
// Guide leads to the part of the guides that says more, or of the API's reference where it
// begins with #; people has a page in each language, the others are in English.
export function Guide({ to }: { to: string }) {
  const { t, language } = useWords();
  const own = to === 'people' && language !== 'en';
  return (
    <a className="small" href={`${base}docs${to.startsWith('#') ? '' : '/'}${own ? `people.${language}` : to}`} hrefLang={own ? language : 'en'}>
      {t('guide')}
    </a>
  );
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useWords();
  const [over, setOver] = useState(false);
  useEffect(() => setOver(false), [error]);
  const failure = error instanceof Failure ? error : new Failure('internal');
  const about = [failure.code, failure.problem?.request_id, failure.problem?.instance, failure.at.toISOString()].filter(Boolean).join(' · ');
  const until = failure.code === 'rate_limited' && failure.retryAfter && !over ? new Date(failure.at.getTime() + failure.retryAfter * 1000).toISOString() : undefined;
  return (
    <div role="alert" className="note bad">
      <p>
        <strong>{t(`problem.${failure.code}`)}</strong>
      </p>
      <p>{t(`problem.${failure.code}.next`)}</p>
      {failure.problem && (
        <details>
          <summary>{t('problem.details')}</summary>
          <p lang="en">{failure.problem.detail}</p>
          {failure.problem.errors.length > 0 && (
            <Faults faults={failure.problem.errors} />
          )}
          <p className="dim small mono">{about}</p>
          <Guide to={`#${failure.code}`} />
        </details>
      )}
      {until && <Countdown until={until} onOver={() => setOver(true)} />}
      <div className="row">
        {retry && (
          <Button size="xs" variant="default" disabled={Boolean(until)} onClick={retry}>
            {t('try_again')}
          </Button>
        )}
        <Copy value={about} label={t('problem.copy')} />
      </div>
    </div>
  );
}

// Countdown says how long the server asks to wait. Each second of it would be read out, so
// it is read once.
function Countdown({ until, onOver }: { until: string; onOver: () => void }) {
  const { t, format } = useWords();
  useTick(1);
  const left = Math.ceil((Date.parse(until) - now()) / 1000);
  useEffect(() => {
    if (left <= 0) onOver();
  }, [left, onOver]);
  return (
    <p className="small" aria-live="off">
      {t('problem.wait', { seconds: format.number(Math.max(0, left)) })}
    </p>
  );
}

interface Asked {
  isPending: boolean;
  error: unknown;
  data: unknown;
  dataUpdatedAt: number;
  refetch: () => unknown;
}

// Answered shows what a query has: what is on the screen stays when a later
// answer does not come, and says how old it is.
export function Answered<Q extends Asked>({ query, children }: { query: Q; children: (data: NonNullable<Q['data']>) => ReactNode }) {
  const { t, format } = useWords();
  if (query.data !== undefined && query.data !== null) {
    if (!query.error) return <>{children(query.data)}</>;
    return (
      <>
        <p className="note warn" role="status">
          {t('stale', { time: format.clock(query.dataUpdatedAt) })}
        </p>
        <div className="page old">{children(query.data)}</div>
      </>
    );
  }
  if (query.error) return <Problem error={query.error} retry={() => void query.refetch()} />;
  return <Loading />;
}

const toneIcons: Record<Tone, IconName> = { good: 'check', quiet: 'minus', warn: 'warning', bad: 'cross' };

export function Word({ tone, icon, wraps, children }: { tone: Tone; icon?: IconName; wraps?: boolean; children: ReactNode }) {
  return (
    <span className={`word ${tone}${wraps ? ' wraps' : ''}`}>
      <Icon name={icon ?? toneIcons[tone]} />
      {children}
    </span>
  );
}

export function StateWord({ state }: { state: State }) {
  const { t } = useWords();
  return (
    <Word tone={toneOf[state]} {...(state === 'off_owner' && { icon: 'pause' as const })}>
      {t(`state.${state}`)}
    </Word>
  );
}

const statusTones: Record<Status, [Tone, IconName]> = {
  pending: ['quiet', 'clock'],
  retrying: ['warn', 'clock'],
  succeeded: ['good', 'check'],
  failed: ['bad', 'cross'],
  held: ['quiet', 'pause'],
  cancelled: ['quiet', 'minus'],
};

export function StatusWord({ status }: { status: Status }) {
  const { t } = useWords();
  const [tone, icon] = statusTones[status];
  return (
    <Word tone={tone} icon={icon}>
      {t(`status.${status}`)}
    </Word>
  );
}

// TestMark says that something was only a test.
export function TestMark() {
  const { t } = useWords();
  return (
    <>
      {' '}
      <span className="mark">{t('kind.test')}</span>
    </>
  );
}

// useTick draws its component again each second, or each half minute.
export function useTick(seconds: number) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((n) => n + 1), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
}

export function When({ at }: { at: string }) {
  const { format } = useWords();
  useTick(20);
  return (
    <time dateTime={at} title={at} className="nowrap">
      {format.when(at)}
    </time>
  );
}

export function Left({ until }: { until: string }) {
  const { format } = useWords();
  useTick(1);
  return (
    <time dateTime={until} title={until} className="nowrap">
      {format.left(until)}
    </time>
  );
}

export async function copyText(value: string) {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    // Browsers keep the clipboard for secure pages; this is the old way.
    const area = document.createElement('textarea');
    area.value = value;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

export function Copy({ value, label, size = 'xs' }: { value: string; label?: string; size?: 'xs' | 'sm' }) {
  const { t } = useWords();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    await copyText(value);
    setDone(true);
  };
  return (
    <Button size={size} variant="default" onClick={() => void copy()}>
      <span aria-live="polite">{done ? t('copied') : (label ?? t('copy'))}</span>
    </Button>
  );
}

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd dir="auto">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export function Pager({ older, newer }: { older?: (() => void) | undefined; newer?: (() => void) | undefined }) {
  const { t } = useWords();
  if (!older && !newer) return null;
  return (
    <div className="row between">
      <Button variant="default" disabled={!newer} onClick={newer}>
        {t('newer')}
      </Button>
      <Button variant="default" disabled={!older} onClick={older}>
        {t('older')}
      </Button>
    </div>
  );
}

export function Code({ text, label }: { text: string; label: string }) {
  return (
    <pre className="code" tabIndex={0} role="group" aria-label={label} dir="ltr">
      {text}
    </pre>
  );
}

export const pretty = (value: unknown) => JSON.stringify(value, null, 2);

export type { Key };
