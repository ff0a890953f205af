import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { api, ok } from '../api/client';
import { useWebhooks, type EventType } from '../api/hooks';
import { every } from '../api/live';
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

// TypeDetails are read when they are opened.
function TypeDetails({ type: x, selectable, open }: { type: EventType; selectable: boolean; open: boolean }) {
  const { t } = useWords();
  const { title } = useTypes();
  const admin = useAdmin();
  const first = useWebhooks(every.chart).data;
  // Of more than one request reads, the server finds those that name the type.
  const named = useQuery({
    queryKey: ['webhooks', 'naming', x.name],
    enabled: open && Boolean(first?.next_cursor),
    queryFn: () => ok(api.GET('/v1/webhooks', { params: { query: { event_type: x.name, limit: 200 } } })),
  }).data;
  const webhooks = [...(first?.data ?? []), ...(named?.data ?? []).filter((n) => first?.data.every((w) => w.id !== n.id))];
  const covers = (entry: string) => entry === x.name || (entry === '*' && !operational(x.name)) || (entry.length > 1 && ((entry.endsWith('*') && x.name.startsWith(entry.slice(0, -1))) || (entry.startsWith('*') && x.name.endsWith(entry.slice(1)))));
  const listening = webhooks.filter((w) => w.rules.some((r) => [r, ...(r.all_of ?? [])].some((p) => (p.events ?? []).some(covers) && !(p.not_events ?? []).some(covers))));
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
      {listening.length === 0 ? (
        <div>{t('types.nobody')}</div>
      ) : (
        <div>
          {t('types.listening')}
          <ul>
            {listening.slice(0, mostListed).map((w) => (
              <li key={w.id}>
                <Link to="/webhooks/$id" params={{ id: w.id }} dir="auto">
                  {w.name}
                </Link>
              </li>
            ))}
          </ul>
          {listening.length > mostListed && <p className="dim">{t('types.listening.more', { n: listening.length - mostListed })}</p>}
        </div>
      )}
      {(x.example.current || x.example.previous) && <StatesTable previous={x.example.previous} current={x.example.current} title={title(x.name)} />}
      {x.schema && <SchemaTable schema={x.schema} />}
      {admin && !x.builtin && <Manage type={x} />}
    </div>
  );
}
