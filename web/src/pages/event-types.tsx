import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { api, ok } from '../api/client';
import type { EventType, Webhook } from '../api/hooks';
import { useWords } from '../i18n';
import { operational, publishable } from '../rules/draft';
import { useAdmin, useTypes } from '../ui/names';
import { Answered, Card, Copy, Empty, Page, Word } from '../ui/parts';
import { SchemaTable, StatesTable } from '../ui/states';

export function EventTypes() {
  const { t } = useWords();
  const { q } = useSearch({ from: '/shell/event-types' });
  const navigate = useNavigate({ from: '/event-types' });
  const { types, title, group, about } = useTypes();
  const set = (value: string) => void navigate({ search: { q: value || undefined }, replace: true });
  const words = (q ?? '').trim().toLowerCase();
  const fits = (x: EventType) => !words || `${x.name} ${title(x.name)} ${about(x)} ${group(x.group)}`.toLowerCase().includes(words);
  const admin = useAdmin();
  const [adding, setAdding] = useState(false);
  return (
    <Page title={t('nav.types')} lead={<p className="dim">{t('types.text')}</p>} actions={admin && <Button onClick={() => setAdding(true)}>{t('types.add')}</Button>}>
      {adding && (
        <Suspense>
          <Editor onClose={() => setAdding(false)} />
        </Suspense>
      )}
      <div className="filters">
        <TextInput label={t('types.search')} type="search" value={q ?? ''} onChange={(e) => set(e.currentTarget.value)} autoComplete="off" />
      </div>
      <Answered query={types}>
        {(all) => {
          const found = all.filter(fits);
          if (found.length === 0) {
            return (
              <Empty title={t('nothing_fits')} guide="rules#which-event-types">
                <Button variant="default" onClick={() => set('')}>
                  {t('clear_filters')}
                </Button>
              </Empty>
            );
          }
          const chosen = new Set(publishable(all).map((x) => x.name));
          return [...new Set(found.map((x) => x.group))].map((g) => (
            <Card key={g} title={group(g)}>
              <ul className="plainlist">
                {found
                  .filter((x) => x.group === g)
                  .map((x) => (
                    <li key={x.name}>
                      <div className="row between">
                        <strong>{title(x.name)}</strong>
                        {x.archived_at && <Word tone="warn">{t('types.archived')}</Word>}
                      </div>
                      {about(x) && <div className="dim">{about(x)}</div>}
                      <More type={x} selectable={chosen.has(x.name) || operational(x.name)} />
                    </li>
                  ))}
              </ul>
            </Card>
          ));
        }}
      </Answered>
    </Page>
  );
}

function More({ type, selectable }: { type: EventType; selectable: boolean }) {
  const { t } = useWords();
  const { title } = useTypes();
  const [open, setOpen] = useState(false);
  return (
    <details className="small" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        {t('types.more')}
        <span className="hidden"> {title(type.name)}</span>
      </summary>
      <TypeDetails type={type} selectable={selectable} open={open} />
    </details>
  );
}

// The forms are for admins alone.
const Editor = lazy(async () => ({ default: (await import('./admin/event-type-editor')).Editor }));
const Remove = lazy(async () => ({ default: (await import('./admin/event-type-editor')).Remove }));

function Manage({ type }: { type: EventType }) {
  const { t } = useWords();
  const { title } = useTypes();
  const [open, setOpen] = useState<'change' | 'remove'>();
  const close = () => setOpen(undefined);
  return (
    <div className="row">
      <Button size="xs" variant="default" onClick={() => setOpen('change')}>
        {t('change')}
        <span className="hidden"> {title(type.name)}</span>
      </Button>
      <Button size="xs" variant="default" onClick={() => setOpen('remove')}>
        {t('delete')}
        <span className="hidden"> {title(type.name)}</span>
      </Button>
      <Suspense>
        {open === 'change' && <Editor type={type} onClose={close} />}
        {open === 'remove' && <Remove type={type} onClose={close} />}
      </Suspense>
    </div>
  );
}

const mostListed = 10;

const mostCounted = 200;

// useListening asks which webhooks a type matches, one more than are counted. A page of the
// answer may have few rows, for the server looks through so many webhooks at once.
const useListening = (type: string, asked: boolean) =>
  useQuery({
    queryKey: ['webhooks', 'listening', type],
    enabled: asked,
    queryFn: async () => {
      const found: Webhook[] = [];
      let cursor: string | undefined;
      do {
        const page = await ok(api.GET('/v1/webhooks', { params: { query: { matches: type, limit: 200, cursor } } }));
        found.push(...page.data);
        cursor = page.next_cursor ?? undefined;
      } while (cursor && found.length <= mostCounted);
      return found;
    },
  });

function Listening({ webhooks }: { webhooks: Webhook[] }) {
  const { t } = useWords();
  if (webhooks.length === 0) return <div>{t('types.nobody')}</div>;
  return (
    <div>
      {t('types.listening')}
      <ul>
        {webhooks.slice(0, mostListed).map((w) => (
          <li key={w.id}>
            <Link to="/webhooks/$id" params={{ id: w.id }} dir="auto">
              {w.name}
            </Link>
          </li>
        ))}
      </ul>
      {webhooks.length > mostListed && <p className="dim">{t(webhooks.length > mostCounted ? 'types.listening.most' : 'types.listening.more', { n: Math.min(webhooks.length, mostCounted) - mostListed })}</p>}
    </div>
  );
}

// TypeDetails are read when they are opened.
function TypeDetails({ type: x, selectable, open }: { type: EventType; selectable: boolean; open: boolean }) {
  const { t } = useWords();
  const { title } = useTypes();
  const admin = useAdmin();
  const listening = useListening(x.name, open);
  return (
    <div className="stack" style={{ padding: '0.5rem 0' }}>
      <div className="row">
        <code>{x.name}</code>
        <Copy value={x.name} />
        {selectable && (
          <Link to="/webhooks/new" search={{ types: x.name }}>
            {t('types.use')}
          </Link>
        )}
      </div>
      {open && <Answered query={listening}>{(webhooks) => <Listening webhooks={webhooks} />}</Answered>}
      {(x.example.current || x.example.previous) && <StatesTable previous={x.example.previous} current={x.example.current} title={title(x.name)} />}
      {x.schema && <SchemaTable schema={x.schema} />}
      {admin && !x.builtin && <Manage type={x} />}
    </div>
  );
}
