import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useSettled } from '../../api/check';
import { api, ok, onceKey, type Schemas } from '../../api/client';
import { usePages, useUsers } from '../../api/hooks';
import { every } from '../../api/live';
import { useWords } from '../../i18n';
import { Name } from '../../ui/clamp';
import { Dialog } from '../../ui/dialog';
import { Listed, Table } from '../../ui/list';
import { Copy, Empty, Problem, When } from '../../ui/parts';
import { useAdmin } from '../../ui/names';
import { Only } from './only';

export function People() {
  const { t } = useWords();
  const admin = useAdmin();
  return <Only title={t('nav.people')}>{admin && <PeopleList />}</Only>;
}

function PeopleList() {
  const { t } = useWords();
  const [link, setLink] = useState<Schemas['User'] | null>(null);
  const [more, setMore] = useState<Schemas['User'] | null>(null);
  const [words, setWords] = useState('');
  const q = useSettled(words.trim(), 300) || undefined;
  const pages = usePages(['users', q], (cursor) => ok(api.GET('/v1/users', { params: { query: { cursor, q } } })), every.chart);
  return (
    <>
      <p className="dim">{t('people.text')}</p>
      <div className="filters">
        <TextInput label={t('people.search')} type="search" value={words} maxLength={200} onChange={(e) => setWords(e.currentTarget.value)} autoComplete="off" />
      </div>
      <Listed
        pages={pages}
        none={
          <Empty title={q ? t('nothing_fits') : t('people.none')} guide="host#1-mirror-companies-projects-users-and-members">
            {!q && <p>{t('people.none.text')}</p>}
          </Empty>
        }
      >
        {(rows) => (
          <Table columns={[t('name'), t('mail'), t('created'), t('people.link')]}>
            {rows.map((u) => (
              <tr key={u.id}>
                <td className="name-cell">
                  <Name text={u.name} />
                  <div className="dim small">{u.id}</div>
                </td>
                <td className="name-cell">{u.email}</td>
                <td className="dim" data-label={t('created')}>
                  <When at={u.created_at} />
                </td>
                <td className="row">
                  <Button size="xs" variant="default" onClick={() => setMore(u)}>
                    {t('people.more')}
                    <span className="hidden"> {u.name}</span>
                  </Button>
                  <Button size="xs" variant="default" onClick={() => setLink(u)}>
                    {t('people.make_link')}
                    <span className="hidden"> {u.name}</span>
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
      {more && <More user={more} onClose={() => setMore(null)} />}
      {link && <SignInLink user={link} onClose={() => setLink(null)} />}
    </>
  );
}

// More shows what a person is a member of, and owns.
function More({ user, onClose }: { user: Schemas['User']; onClose: () => void }) {
  const { t } = useWords();
  const projects = usePages(['users', user.id, 'projects'], (cursor) => ok(api.GET('/v1/users/{id}/projects', { params: { path: { id: user.id }, query: { cursor } } })), every.chart);
  const webhooks = usePages(['webhooks', 'owner', user.id], (cursor) => ok(api.GET('/v1/webhooks', { params: { query: { cursor, owner_id: user.id, sort: 'name' } } })), every.chart);
  return (
    <Dialog title={t('people.of', { name: user.name })} onClose={onClose}>
      <h3>{t('projects')}</h3>
      <Listed pages={projects} none={<p className="dim">{t('people.no_projects')}</p>}>
        {(rows) => (
          <ul className="plainlist">
            {rows.map((p) => (
              <li key={p.id}>
                <span dir="auto">{p.name}</span> <span className="dim small" dir="auto">{p.company.name}</span>
              </li>
            ))}
          </ul>
        )}
      </Listed>
      <h3>{t('nav.webhooks')}</h3>
      <Listed pages={webhooks} none={<p className="dim">{t('people.no_webhooks')}</p>}>
        {(rows) => (
          <ul className="plainlist">
            {rows.map((w) => (
              <li key={w.id}>
                <Link to="/webhooks/$id" params={{ id: w.id }} dir="auto">
                  {w.name}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Listed>
      <Button variant="default" onClick={onClose}>
        {t('close')}
      </Button>
    </Dialog>
  );
}

// validities are how long a link can be used, in seconds.
const validities = [3600, 4 * 3600, 86400, 3 * 86400, 7 * 86400];

function SignInLink({ user, onClose }: { user: Schemas['User']; onClose: () => void }) {
  const { t, format } = useWords();
  const [key] = useState(onceKey);
  const [valid, setValid] = useState(3600);
  const make = useMutation({
    mutationFn: () => ok(api.POST('/v1/portal-sessions', { params: { header: { 'Idempotency-Key': key } }, body: { user_id: user.id, expires_in_seconds: valid } })),
    gcTime: 0,
  });
  return (
    <Dialog title={t('people.link_for', { name: user.name })} onClose={onClose}>
      <p>{t('people.link.text')}</p>
      {make.error && <Problem error={make.error} />}
      {make.data ? (
        <>
          <div className="row">
            <Copy value={make.data.url} label={t('people.copy_link')} size="sm" />
          </div>
          <p className="dim small">{t('people.link.until', { until: format.full(make.data.expires_at) })}</p>
        </>
      ) : (
        <>
          <NativeSelect
            label={t('people.link.valid')}
            value={String(valid)}
            onChange={(e) => setValid(Number(e.currentTarget.value))}
            data={validities.map((s) => ({ value: String(s), label: s < 86400 ? t('hours', { n: s / 3600 }) : t('days', { n: s / 86400 }) }))}
          />
          <Button loading={make.isPending} onClick={() => make.mutate()}>
            {t('people.make_link')}
          </Button>
        </>
      )}
      <Button variant="default" onClick={onClose}>
        {t('close')}
      </Button>
    </Dialog>
  );
}

export function Companies() {
  const { t } = useWords();
  const admin = useAdmin();
  return <Only title={t('nav.companies')}>{admin && <CompanyList />}</Only>;
}

function CompanyList() {
  const { t, format } = useWords();
  const [words, setWords] = useState('');
  const [open, setOpen] = useState<Company | null>(null);
  const q = useSettled(words.trim(), 300) || undefined;
  const pages = usePages(['companies', q], (cursor) => ok(api.GET('/v1/companies', { params: { query: { cursor, q, include: 'counts' } } })), every.chart);
  return (
    <>
      <p className="dim">{t('companies.text')}</p>
      <div className="filters">
        <TextInput label={t('companies.search')} type="search" value={words} maxLength={200} onChange={(e) => setWords(e.currentTarget.value)} autoComplete="off" />
      </div>
      <Listed
        pages={pages}
        none={
          <Empty title={q ? t('nothing_fits') : t('companies.none')} guide="host#1-mirror-companies-projects-users-and-members">
            {!q && <p>{t('people.none.text')}</p>}
          </Empty>
        }
      >
        {(rows) => (
          <Table columns={[t('name'), t('projects'), t('nav.people'), t('created'), t('actions')]}>
            {rows.map((c) => (
              <tr key={c.id}>
                <td className="main-cell">
                  <Name text={c.name} />
                  <div className="dim small">{c.id}</div>
                </td>
                <td data-label={t('projects')}>{counted(c.counts?.projects ?? 0, format.number)}</td>
                <td data-label={t('nav.people')}>{counted(c.counts?.members ?? 0, format.number)}</td>
                <td className="dim" data-label={t('created')}>
                  <When at={c.created_at} />
                </td>
                <td>
                  <Button size="xs" variant="default" onClick={() => setOpen(c)}>
                    {t('companies.show')}
                    <span className="hidden"> {c.name}</span>
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
      {open && <Inside company={open} onClose={() => setOpen(null)} />}
    </>
  );
}

type Company = Schemas['Company'];

// mostCounted is at how many a count ends.
const mostCounted = 10_000;
const counted = (n: number, number: (n: number) => string) => (n >= mostCounted ? `${number(n)}+` : number(n));

// Inside shows the projects of a company, and who is a member of each.
function Inside({ company: c, onClose }: { company: Company; onClose: () => void }) {
  const { t } = useWords();
  const [whose, setWhose] = useState<string>();
  const pages = usePages(['projects', 'of', c.id], (cursor) => ok(api.GET('/v1/projects', { params: { query: { cursor, company_id: c.id, include: 'counts' } } })), every.chart);
  return (
    <Dialog title={t('companies.of', { name: c.name })} onClose={onClose}>
      <Listed pages={pages} none={<p className="dim">{t('companies.no_projects')}</p>}>
        {(rows) => (
          <ul className="plainlist">
            {rows.map((p) => (
              <li key={p.id}>
                <div className="row between">
                  <span>
                    <strong dir="auto">{p.name}</strong> <span className="dim small">{p.id}</span>
                  </span>
                  <span className="row small">
                    <span>{t((p.members ?? 0) >= mostCounted ? 'people.most' : 'people', { n: p.members ?? 0 })}</span>
                    <button type="button" className="link" aria-expanded={whose === p.id} onClick={() => setWhose(whose === p.id ? undefined : p.id)}>
                      {t('members.show')}
                      <span className="hidden"> {p.name}</span>
                    </button>
                    <Link to="/events" search={{ project: p.id }}>
                      {t('nav.events')}
                      <span className="hidden"> {p.name}</span>
                    </Link>
                  </span>
                </div>
                {whose === p.id && <Members project={p.id} />}
              </li>
            ))}
          </ul>
        )}
      </Listed>
      <Button variant="default" onClick={onClose}>
        {t('close')}
      </Button>
    </Dialog>
  );
}

function Members({ project }: { project: string }) {
  const { t } = useWords();
  const users = useUsers(true).data;
  const pages = usePages(['members', project], async (cursor) => {
    const page = await ok(api.GET('/v1/projects/{id}/members', { params: { path: { id: project }, query: { cursor } } }));
    return { ...page, data: page.data.map((m) => ({ ...m, id: m.user_id })) };
  }, every.chart);
  return (
    <Listed pages={pages} none={<p className="dim small">{t('members.none')}</p>}>
      {(rows) => (
        <ul className="plainlist small">
          {rows.map((m) => (
            <li key={m.id} className="row between">
              <span dir="auto">{users?.find((u) => u.id === m.id)?.name ?? m.id}</span>
              <span className="dim">
                <When at={m.created_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Listed>
  );
}
