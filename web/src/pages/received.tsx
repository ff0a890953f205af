import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, type Schemas } from '../api/client';
import { usePages, usePlay, useRefresh } from '../api/hooks';
import { every } from '../api/live';
import { useWords } from '../i18n';
import { prettyBody } from '../rules/curl';
import { Buttons, Dialog, useSay } from '../ui/dialog';
import { Listed, Table } from '../ui/list';
import { useNames, useTypes } from '../ui/names';
import { Answered, Card, Code, Copy, Empty, Guide, Page, Problem, When, Word } from '../ui/parts';
import { useMakePlay } from '../ui/play';

type Request = Schemas['PlayRequest'];

export function PlayAddresses() {
  const { t } = useWords();
  const query = usePlay();
  const navigate = useNavigate();
  const make = useMakePlay((made) => void navigate({ to: '/received/$id', params: { id: made.id } }));
  return (
    <Page
      title={t('play')}
      lead={<p className="dim">{t('play.text')}</p>}
      actions={
        <Button loading={make.isPending} onClick={() => make.mutate(undefined)}>
          {t('play.make')}
        </Button>
      }
    >
      {make.error && <Problem error={make.error} />}
      <Answered query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title={t('play.none')} guide="local#an-address-that-shows-what-comes" />
          ) : (
            <Table columns={[t('play.address'), t('play.arrived'), t('owner'), t('created'), t('play.expires')]}>
              {data.map((a) => (
                <tr key={a.id}>
                  <td className="main-cell">
                    <Link to="/received/$id" params={{ id: a.id }}>
                      <code>…{a.id.slice(-6)}</code>
                    </Link>
                  </td>
                  <td data-label={t('play.arrived')}>{t('play.requests', { n: a.received })}</td>
                  <td data-label={t('owner')}>{a.owner_id ?? '–'}</td>
                  <td data-label={t('created')} className="dim">
                    <When at={a.created_at} />
                  </td>
                  <td data-label={t('play.expires')} className="dim">
                    <When at={a.expires_at} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Answered>
    </Page>
  );
}

// PlayAddress shows what arrives at one address, as it arrives.
export function PlayAddress() {
  const { id } = useParams({ from: '/shell/received/$id' });
  const { t } = useWords();
  const [asks, setAsks] = useState(false);
  const url = usePlay().data?.data.find((a) => a.id === id)?.url;
  const pages = usePages(['play', id, 'requests'], (cursor) => ok(api.GET('/v1/play/{id}/requests', { params: { path: { id }, query: { cursor, limit: 25 } } })), every.busy);
  return (
    <Page
      title={t('play')}
      lead={<p className="dim">{t('play.text')}</p>}
      actions={
        <Button variant="default" onClick={() => setAsks(true)}>
          {t('play.delete')}
        </Button>
      }
    >
      {url && <Where url={url} />}
      <Listed
        pages={pages}
        none={
          <Empty title={t('play.waiting')} guide="local#an-address-that-shows-what-comes">
            <p>{t('play.waiting.text')}</p>
          </Empty>
        }
      >
        {(rows) => (
          <ul className="plainlist" aria-label={t('play.requests', { n: rows.length })}>
            {rows.map((r) => (
              <Arrived key={r.id} request={r} />
            ))}
          </ul>
        )}
      </Listed>
      {asks && <Delete id={id} onClose={() => setAsks(false)} />}
    </Page>
  );
}

// endings are what the address may end with, and the answer that each brings.
const endings = [
  ['status', '?status=503&retry_after=60'],
  ['delay', '?delay=12s'],
  ['failure_rate', '?failure_rate=0.3'],
  ['body', '?body=not+now'],
] as const;

function Where({ url }: { url: string }) {
  const { t } = useWords();
  return (
    <Card title={t('play.address')}>
      <div className="stack">
        <Code label={t('play.address')} text={url} />
        <div>
          <Copy value={url} />
        </div>
        <details>
          <summary>{t('play.script')}</summary>
          <p>{t('play.script.text')}</p>
          <ul>
            {endings.map(([name, end]) => (
              <li key={name}>
                <code>{end}</code> – {t(`play.script.${name}`)}
              </li>
            ))}
          </ul>
        </details>
      </div>
    </Card>
  );
}

function Arrived({ request: r }: { request: Request }) {
  const { t, format } = useWords();
  const { title } = useTypes();
  const names = useNames(r.webhook_id ? [r.webhook_id] : undefined);
  const [open, setOpen] = useState(false);
  const event = r.headers['Godwit-Event'];
  return (
    <li className="card stack tight">
      <div className="row between">
        <div className="row">
          <Word tone={r.check.code === 'ok' ? 'good' : 'bad'} wraps>
            {t(`play.check.${r.check.code}`)}
          </Word>
          <strong dir="auto">{event ? title(event) : r.method}</strong>
          {r.webhook_id && (
            <Link to="/webhooks/$id" params={{ id: r.webhook_id }}>
              {names.webhook(r.webhook_id)}
            </Link>
          )}
        </div>
        <div className="row dim small">
          <span>{t('play.answered', { status: String(r.status_code) })}</span>
          <time dateTime={r.received_at} title={r.received_at}>
            {format.clock(r.received_at)}
          </time>
        </div>
      </div>
      {r.check.code !== 'ok' && (
        <p className="small">
          {t(`play.check.${r.check.code}.next`)} <Guide to="verify#when-it-does-not-fit" />
        </p>
      )}
      <button type="button" className="link small" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? t('play.hide') : t('play.show')}
      </button>
      {open && (
        <div className="columns">
          <div className="stack tight">
            <h3>{t('play.headers')}</h3>
            <Code label={t('play.headers')} text={`${r.method} /play/…${r.query && `?${r.query}`}\n${Object.entries(r.headers).map((h) => h.join(': ')).join('\n')}`} />
          </div>
          <div className="stack tight">
            <h3>{t('play.body')}</h3>
            {r.encoding === 'base64' ? <p>{t('attempt.binary', { n: r.size })}</p> : <Code label={t('play.body')} text={r.truncated ? r.body : prettyBody(r.body)} />}
            {r.truncated && <p className="dim small">{t('play.cut')}</p>}
          </div>
        </div>
      )}
    </li>
  );
}

function Delete({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords();
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => ok(api.DELETE('/v1/play/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      say(t('play.deleted'));
      await navigate({ to: '/received' });
      void refresh('play');
    },
  });
  return (
    <Dialog title={t('play.delete')} onClose={onClose}>
      <p>{t('play.delete.text')}</p>
      {remove.error && <Problem error={remove.error} />}
      <Buttons onCancel={onClose}>
        <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('play.delete')}
        </Button>
      </Buttons>
    </Dialog>
  );
}
